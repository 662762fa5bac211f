"""Whether bytes are what they should be: damage told as damage, checksums, sizes that cannot be."""
