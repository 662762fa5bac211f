"""Figures and tables of the report: one module a family, each function draws one figure from arrays."""
