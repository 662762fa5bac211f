"""Pages of the report: one module a use case, from numbers to figures and tables."""
