"""Input files: where they lie, and which of their trees is read."""
