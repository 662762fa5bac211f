"""The points of a scan: its grid, and their names."""
