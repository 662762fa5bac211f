"""Figures of the samples, before and after the cuts."""
