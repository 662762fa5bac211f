"""Figures and tables of several models on the same jets."""
