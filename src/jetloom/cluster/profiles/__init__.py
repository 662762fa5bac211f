"""What the profiles say: their files, the places of their keys, and what jobs ask for by them."""
