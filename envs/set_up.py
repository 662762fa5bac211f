"""Set up a virtual environment from a lock file: the packages with their hashes, jetloom itself, the profiles by name.

Needs Python's standard library only. Usage: set_up.py VENV LOCK
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
CHECKOUT = Path(__file__).resolve().parent.parent


def main(directory: Path, lock: Path) -> None:
    """Make the environment and mark it as complete."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"jetloom needs Python 3.11, 3.12 or 3.13, this is {found}; try: make PYTHON=python3.12 setup")
    venv.create(directory, with_pip=True, clear=True)
    python = directory / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--require-hashes", "-r", CHECKOUT / "envs" / "bootstrap.lock")
    # uv installs in seconds what takes pip minutes. It does not read pip's configuration, so where packages come
    # from a place that only pip knows of, pip does it.
    # Compiled once, here: every job of a cluster starts three Pythons, and the environment may not be its to write.
    uv = [directory / "bin" / "uv", "pip", "install", "--compile-bytecode", "--python", python]
    hashed = ["--require-hashes", "--no-deps", "-r", lock]
    installed = subprocess.run([*map(str, uv), "-q", *map(str, hashed)], check=False)  # noqa: S603
    if installed.returncode != 0:
        run(python, "-m", "pip", "install", "-q", *hashed)
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", CHECKOUT)
    name_profiles(directory)
    (directory / ".complete").touch()


def name_profiles(directory: Path) -> None:
    """Let Snakemake find profiles/NAME by the name alone.

    It looks for a profile in the first directory of XDG_CONFIG_DIRS, below `snakemake`. A line that Python runs when it
    starts in this environment sets that variable, for this environment only.
    """
    home = directory.resolve() / "etc"
    home.mkdir(exist_ok=True)
    (home / "snakemake").symlink_to(CHECKOUT / "profiles")
    site = next((directory / "lib").glob("python3*")) / "site-packages"
    # In front of what is there already: a desktop session sets the variable too.
    others = "os.environ.get('XDG_CONFIG_DIRS') or '/etc/xdg'"
    line = f"import os; os.environ['XDG_CONFIG_DIRS'] = {str(home)!r} + ':' + ({others})"
    # Where there is no HTCondor, its Python package would say so at each start of Snakemake.
    line += "; os.path.exists('/etc/condor/condor_config') or os.environ.setdefault('CONDOR_CONFIG', '/dev/null')\n"
    (site / "jetloom_profiles.pth").write_text(line, encoding="utf-8")


def run(*command: object) -> None:
    """Run a command; end with its code if it fails."""
    code = subprocess.run([str(word) for word in command], check=False).returncode  # noqa: S603
    if code != 0:
        sys.exit(code)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
