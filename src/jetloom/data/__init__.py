"""Data for training: labels, weights, the split by event, scaling, and batches streamed from HDF5."""
