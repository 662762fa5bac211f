"""Keras' backends, and the devices that they compute on."""
