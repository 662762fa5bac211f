"""Verbs of trained models: applied to files, kept as archives."""
