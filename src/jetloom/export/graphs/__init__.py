"""A network as a plain graph of operations: what it is, how Keras becomes one, and what NumPy says of it."""
