"""What is wrong at a site, before the first job: `jetloom doctor`, and a quick look at the start of each run."""
