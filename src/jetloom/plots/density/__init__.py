"""Figures of density models: log P, heads, trees."""
