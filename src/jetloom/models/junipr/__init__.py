"""JUNIPR: the probability of a jet as a product over the branchings of its clustering tree (arXiv:1804.09720)."""
