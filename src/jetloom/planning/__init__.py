"""What Snakemake has to do for an analysis: what each job reads, and what is there at the end."""
