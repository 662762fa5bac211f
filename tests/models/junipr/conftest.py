"""The fixtures of all tests of JUNIPR."""

from junipr_networks import build, keras  # noqa: F401
