"""Models: one file each, all behind the interface of :mod:`jetloom.models.base`."""
