"""Packages with apt and dpkg."""
