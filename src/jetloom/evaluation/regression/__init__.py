"""Numbers of a regression."""
