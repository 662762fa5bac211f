"""Clustering trees of jets: from HDF5 or text to files of trees, and to and from the JSON of JUNIPR."""
