"""Batch systems: why a job failed, what its next attempt asks for, and what is still in the queue."""
