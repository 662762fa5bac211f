"""Metrics and curves of classifiers, each with its uncertainty."""
