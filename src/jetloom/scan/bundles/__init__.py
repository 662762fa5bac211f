"""Bundles: the trainings of a scan that one job does."""
