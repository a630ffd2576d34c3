"""Packages of the distribution: repositories, versions and transactions, with apt and with dnf."""
