"""Layers that several networks are built of, each inside of the saved model."""
