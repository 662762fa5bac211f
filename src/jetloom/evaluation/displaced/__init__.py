"""What is measured of taggers of displaced jets and of their adversaries."""
