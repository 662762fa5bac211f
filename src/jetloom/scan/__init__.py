"""The scan: which points there are, what they are called, where their results lie, and how they are ranked."""
