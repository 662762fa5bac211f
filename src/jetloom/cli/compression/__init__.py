"""Verbs of compression."""
