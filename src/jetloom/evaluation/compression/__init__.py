"""How far decoded values of a compression lie from their originals."""
