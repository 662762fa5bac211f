"""Verbs of a configuration and of the place where it runs."""
