"""HDF5 files in and out, in chunks with checksums."""
