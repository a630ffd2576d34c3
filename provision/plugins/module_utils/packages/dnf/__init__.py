"""Packages with dnf and rpm."""
