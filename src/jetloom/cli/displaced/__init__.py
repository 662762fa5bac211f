"""Verbs of displaced jets."""
