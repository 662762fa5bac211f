"""Jets drawn from a trained density, step by step, and files of them."""
