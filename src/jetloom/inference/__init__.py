"""What trained networks say of rows of a dataset or of a file."""
