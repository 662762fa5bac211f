"""One step of training, on either backend."""
