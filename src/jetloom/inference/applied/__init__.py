"""A trained model applied to files: any sample, in blocks, to ROOT or HDF5."""
