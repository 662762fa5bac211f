"""What is fitted on the training part: moments, ranges, bins, weights."""
