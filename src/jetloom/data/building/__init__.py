"""Building a dataset: rows selected, labelled, weighed and shared out over the parts."""
