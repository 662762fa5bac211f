"""Training: one point from its start to its result, resumable at any moment."""
