"""Benchmarks by subject, run as modules from the root; see README.md here."""
