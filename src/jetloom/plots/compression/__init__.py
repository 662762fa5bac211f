"""Figures of compressions: values before and after, residuals, costs."""
