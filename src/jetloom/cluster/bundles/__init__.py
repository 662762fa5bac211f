"""A job that does a bundle of trainings, each in a process of its own."""
