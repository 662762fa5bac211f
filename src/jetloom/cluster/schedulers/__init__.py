"""The batch systems: what jetloom asks of them, and what their answers mean."""
