"""The driver as a job of the batch system: submitted, followed by its successor, stopped."""
