"""Figures of a dataset: inputs, weights, bins, and what became of the jets."""
