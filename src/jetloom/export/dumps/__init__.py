"""Plain HDF5 for programs without jetloom: a few fields a jet, tracks, events with offsets, scores of networks."""
