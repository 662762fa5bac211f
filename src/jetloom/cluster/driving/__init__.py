"""Snakemake as the driver of an analysis: what is wrapped while it runs, and that there is only one."""
