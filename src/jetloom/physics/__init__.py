"""Kinematics, clustering and declustering: pure functions of flat arrays, without files and settings."""

from pathlib import Path

from jetloom.physics.compiled import forget_stale

forget_stale(Path(__file__).parent)
