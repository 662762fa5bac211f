"""The configuration of an analysis, checked before anything runs."""

from __future__ import annotations
