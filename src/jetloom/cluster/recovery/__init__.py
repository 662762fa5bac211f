"""`jetloom resume`: what still runs, what was left behind, and how it goes on."""
