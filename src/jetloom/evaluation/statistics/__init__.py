"""Statistics that know nothing of physics: bootstrap, intervals, histograms, and whether a figure means anything."""
