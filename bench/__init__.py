"""Measurements of speed and memory, each beside a peer's in the same run. `make bench` prints them as one table."""
