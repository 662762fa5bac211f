"""Weighted numbers of rows: whether they mean anything, ranks, metrics. Knows no physics and no data."""
