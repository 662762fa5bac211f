"""Ratios of two densities: what they tell, against which baselines, and weights made of them."""
