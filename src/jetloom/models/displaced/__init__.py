"""Displaced jets: the network of convolutions and recurrences over collections, alone and against an adversary."""
