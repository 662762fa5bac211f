"""A copy of the checkout, with an environment, that the submitter can read: jobs run as that user, not as root."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

from condor_packages import install_package, run

PYTHON = Path("/usr/bin/python3")
SHAPES_ENVIRONMENT = ("requirements.lock", "envs/bootstrap.lock", "envs/set_up.py", "pyproject.toml")


def provide(checkout: Path, user: str) -> Path:
    """Bring the copy up to date with the checkout; make its environment anew only when the locks have changed."""
    entry = pwd.getpwnam(user)
    copy = Path(entry.pw_dir) / "checkout"
    synchronise(checkout.resolve(), copy, entry)
    digest = digest_of(copy)
    marker = copy / ".venv" / ".made-from"
    if not marker.is_file() or marker.read_text(encoding="utf-8") != digest:
        make_environment(copy, entry)
        marker.write_text(digest, encoding="utf-8")
    return copy


def synchronise(source: Path, copy: Path, owner: pwd.struct_passwd) -> None:
    """Copy what git would know of; remove what an earlier call copied and is gone since. Leave everything else."""
    listed = run("git", "-c", "safe.directory=*", "-C", source, "ls-files", "-co", "--exclude-standard", "-z")
    names = {name for name in listed.split("\0") if name and (source / name).is_file()}
    remembered = copy.with_name(copy.name + ".files")
    before = set(remembered.read_text(encoding="utf-8").split("\0")) if remembered.is_file() else set()
    for name in before - names:
        (copy / name).unlink(missing_ok=True)
    make_folder(copy, owner)
    for name in sorted(names):
        place(source / name, copy / name, copy, owner)
    remembered.write_text("\0".join(sorted(names)), encoding="utf-8")


def place(source: Path, target: Path, root: Path, owner: pwd.struct_passwd) -> None:
    """Copy one file with its time, unless it is there already: Snakemake goes by times."""
    there, here = source.stat(), target.stat() if target.is_file() else None
    if here and (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns):
        return
    for folder in reversed(target.relative_to(root).parents):
        make_folder(root / folder, owner)
    shutil.copy2(source, target)
    os.chown(target, owner.pw_uid, owner.pw_gid)


def make_folder(folder: Path, owner: pwd.struct_passwd) -> None:
    """Make one folder that the user owns."""
    if not folder.is_dir():
        folder.mkdir(mode=0o755)
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def digest_of(copy: Path) -> str:
    """What the environment depends on, in one word."""
    digest = hashlib.sha256()
    for name in SHAPES_ENVIRONMENT:
        digest.update((copy / name).read_bytes())
    return digest.hexdigest()


def make_environment(copy: Path, owner: pwd.struct_passwd) -> None:
    """Make .venv of the copy from the system's Python, as root: root has the packages in its cache."""
    if subprocess.run([PYTHON, "-c", "import ensurepip, venv"], check=False, capture_output=True).returncode != 0:
        install_package("python3-venv")
    words = [PYTHON, "envs/set_up.py", ".venv", "requirements.lock"]
    # An active environment must not lead pip or Python astray.
    inherited = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    os.umask(0o022)
    done = subprocess.run(list(map(str, words)), check=False, cwd=copy, env=inherited, stdout=sys.stderr)
    if done.returncode != 0:
        sys.exit(f"envs/set_up.py failed with {done.returncode}")
    hand_over(copy / ".venv", owner)


def hand_over(environment: Path, owner: pwd.struct_passwd) -> None:
    """Return the user the folders, for Python's compiled files.

    Not the packages' files: they may be hard links into root's cache, which would change hands with them.
    """
    for folder, _, _ in os.walk(environment):
        os.chown(folder, owner.pw_uid, owner.pw_gid)
