#!/usr/bin/env bash
# Snakemake runs this in the new environment, from the directory it was called in: the checkout.
set -euo pipefail
pip install --no-deps --no-build-isolation "${JETLOOM_CHECKOUT:-.}"
