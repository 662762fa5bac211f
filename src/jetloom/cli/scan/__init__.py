"""Verbs of a scan: train, collect, deploy."""
