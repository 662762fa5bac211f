"""Verbs of exported networks."""
