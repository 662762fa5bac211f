"""Files in and out: ROOT, HDF5, and publishing a result under its final name only when it is whole."""
