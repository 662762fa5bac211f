"""Simulated DxAODs: Pythia 8 and a parametric detector, for demonstrations and tests on a machine without data."""
