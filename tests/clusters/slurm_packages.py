"""The Debian packages of the Slurm that the tests run against."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slurm_conf import ClusterError

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "slurmdbd", "munge", "mariadb-server")
POLICY = Path("/usr/sbin/policy-rc.d")


def installed() -> set[str]:
    """Those of the packages that are there, and not only half."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *PACKAGES]
    lines = subprocess.run(query, capture_output=True, text=True).stdout.splitlines()
    return {name for status, _, name in (line.partition(" ") for line in lines) if status == "installed"}


@contextmanager
def no_services() -> Iterator[None]:
    """Forbid packages to start their daemons; a machine that has a policy of its own keeps it."""
    made = not POLICY.exists()
    if made:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if made:
            POLICY.unlink()


def install() -> None:
    """Install the packages that are missing, from wherever this machine gets its packages."""
    if missing := [name for name in PACKAGES if name not in installed()]:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
        with no_services():
            if subprocess.run(command, env=environment).returncode:
                # The lists of packages may be absent, or too old to name files that still exist.
                subprocess.run(["apt-get", "update", "-q"], env=environment)
                if subprocess.run(command, env=environment).returncode:
                    raise ClusterError(f"apt-get cannot install {' '.join(missing)}")
