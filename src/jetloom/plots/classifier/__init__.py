"""Figures of one classifier."""
