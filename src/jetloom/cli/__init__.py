"""The command line: one file a verb, each with ``configure`` (its options) and ``run`` (a call into the package)."""
