"""What a compression costs and gains: other compressors at the same bounds, and how far values lie off."""
