"""Attempts of trainings, and what they leave in the ledger."""
