"""What a compression costs and gains: measured, stored, drawn."""
