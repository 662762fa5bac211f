"""Verbs from files to datasets."""
