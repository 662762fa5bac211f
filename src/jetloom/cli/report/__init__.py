"""Verbs that evaluate and draw."""
