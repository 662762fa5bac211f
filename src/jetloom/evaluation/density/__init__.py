"""What density models say of jets, and jets drawn from them."""
