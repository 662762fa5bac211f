"""How good a trained classifier is: metrics and curves, each with its uncertainty."""
