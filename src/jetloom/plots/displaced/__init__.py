"""Figures of taggers of displaced jets."""
