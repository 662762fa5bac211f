"""The best regression: numbers, figures, tables."""
