"""What can be compressed, and written again: ROOT trees, tables of HDF5, arrays of NumPy."""
