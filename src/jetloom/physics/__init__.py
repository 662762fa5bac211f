"""Kinematics, clustering and declustering: pure functions of flat arrays, without files and settings."""
