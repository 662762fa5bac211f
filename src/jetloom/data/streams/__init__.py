"""Batches on their way to a training: shuffled, bucketed, read ahead."""
