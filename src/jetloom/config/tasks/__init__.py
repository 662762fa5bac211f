"""A task of the configuration: its rows, inputs, weights and split, its training, and to what it is applied."""
