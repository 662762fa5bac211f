"""The exports of the best point: files for other programs, and how far they are from Keras."""
