"""HTCondor's programs, taken from the packages of the next Debian release and unpacked into a folder of their own.

Debian 12 has no HTCondor. The packages of Debian 13 want a newer C library than the machine has, so none is installed:
they are unpacked, and every program is told to use the unpacked loader and libraries. Jobs then still run on the host,
with the host's Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE, NEXT = "bookworm", "trixie"
# What is unpacked: a running pool needs the daemons and the libraries, not what configures an installed system.
KEPT = re.compile(r"condor$|zlib1g$|lib(?!perl|python|js-|date-|boost-python|debconf|pam-modules|semanage)")
# Raised when this recipe changes, so that folders made by an older one are made anew.
RECIPE = "1"
NEEDED = ("condor_master", "condor_schedd", "condor_startd", "condor_submit")


def ensure_root() -> None:
    """The daemons change users, and the users are made here."""
    if os.geteuid() != 0:
        sys.exit("a pool needs root: its daemons run jobs as other users")


def ensure_debian() -> None:
    """The recipe is for one release of one system."""
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    if f"VERSION_CODENAME={HERE}" not in text.split():
        sys.exit(f"this recipe for HTCondor is for Debian 12 ({HERE}) only")


def install(prefix: Path) -> bool:
    """Unpack the programs into ``prefix``; say whether there was anything to do."""
    marker = prefix / ".complete"
    # The programs know their folder: a moved one is no good.
    made = f"{RECIPE} {prefix}\n"
    if marker.is_file() and marker.read_text(encoding="utf-8") == made:
        return False
    ensure_debian()
    need_tool("patchelf", "patchelf")
    shutil.rmtree(prefix, ignore_errors=True)
    work = prefix.with_name(prefix.name + ".fetch")
    shutil.rmtree(work, ignore_errors=True)
    prefix.mkdir(parents=True, mode=0o755)
    for package in fetch(work):
        run("dpkg-deb", "--extract", package, prefix)
    adapt(prefix)
    shutil.rmtree(work)
    run(prefix / "usr" / "bin" / "condor_version", stdout=subprocess.DEVNULL)
    marker.write_text(made, encoding="utf-8")
    return True


def run(*command: object, **options: Any) -> str:
    """Run a command; on failure end with its last words in one line."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    done = subprocess.run([str(word) for word in command], check=False, **options)
    if done.returncode != 0:
        words = (done.stderr or done.stdout or "").strip().splitlines()[-3:]
        sys.exit(f"{Path(str(command[0])).name} failed with {done.returncode}: {'; '.join(words)}")
    return done.stdout or ""


def need_tool(tool: str, package: str) -> None:
    """Install a package of the host's own release if its program is not there."""
    if shutil.which(tool) is None:
        install_package(package)


def install_package(package: str) -> None:
    """Install with the lists of packages as they are; fetch the lists only if that does not do."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive", **os.environ}
    words = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120", "install", "--no-install-recommends", package]
    first = subprocess.run(words, check=False, env=quiet, capture_output=True)
    if first.returncode != 0:
        run("apt-get", "-q", "update")
        run(*words, env=quiet)


def fetch(work: Path) -> list[Path]:
    """Download the packages that a pool is made of, with an apt state that is not the host's."""
    apt = ["apt-get", "-q", *private_apt(work)]
    run(*apt, "update")
    planned = run(*apt, "--simulate", "install", "condor")
    names = [line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")]
    kept = [name for name in names if KEPT.match(name)]
    packages = work / "packages"
    packages.mkdir()
    # download checks the packages against the signed lists.
    run(*apt, "download", *kept, cwd=packages)
    return sorted(packages.glob("*.deb"))


def private_apt(work: Path) -> list[str]:
    """Options that make apt see only the next release, and nothing as installed."""
    (work / "lists" / "partial").mkdir(parents=True)
    (work / "cache" / "archives" / "partial").mkdir(parents=True)
    (work / "status").touch()
    sources = work / "sources"
    sources.mkdir()
    write_sources(Path("/etc/apt"), sources)
    settings = {
        "Dir::State": work,
        "Dir::State::status": work / "status",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Dir::Cache::archives": work / "cache" / "archives",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": sources,
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Install-Recommends": "false",
        # The user that apt downloads as may not reach a folder below root's.
        "APT::Sandbox::User": "root",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def write_sources(etc: Path, target: Path) -> None:
    """Copy the host's own sources with the next release in the place of this one: same mirrors, same keys."""
    written = 0
    for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if not file.is_file() or file.suffix not in {".list", ".sources"}:
            continue
        text = file.read_text(encoding="utf-8")
        entries = (next_stanzas if file.suffix == ".sources" else next_lines)(text)
        if entries:
            (target / file.name).write_text("\n".join(entries) + "\n", encoding="utf-8")
            written += 1
    if not written:
        sys.exit(f"no source of {HERE} in {etc}: cannot tell where {NEXT} comes from")


def next_stanzas(text: str) -> list[str]:
    """The stanzas of a .sources file that name this release, naming the next one instead."""
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        suites = re.search(r"^Suites:(.*)$", stanza, re.MULTILINE)
        disabled = re.search(r"^Enabled:\s*no", stanza, re.MULTILINE | re.IGNORECASE)
        if suites and HERE in suites[1].split() and not disabled:
            found.append(stanza.replace(suites[0], f"Suites: {NEXT}") + "\n")
    return found


def next_lines(text: str) -> list[str]:
    """The lines of a .list file that name this release, naming the next one instead."""
    pattern = re.compile(rf"^(deb\s+(?:\[[^]]*\]\s+)?\S+)\s+{HERE}\s+(.*)$", re.MULTILINE)
    return [f"{before} {NEXT} {components}" for before, components in pattern.findall(text)]


def adapt(prefix: Path) -> None:
    """Make programs and libraries use the unpacked loader and libraries, and nothing of the host's."""
    system = next((prefix / "usr" / "lib").glob("*-linux-gnu"))
    loader = next(system.glob("ld-linux-*.so.*"))
    folders = [system, prefix / "usr" / "lib", prefix / "usr" / "lib" / "condor"]
    # Forced: only the old kind of search path also counts for the libraries of the libraries.
    path = ["--force-rpath", "--set-rpath", ":".join(map(str, folders))]
    programs = [file for folder in program_folders(prefix) for file in sorted(folder.iterdir())]
    started = [file for file in elf_files(programs) if has_interpreter(file)]
    run("patchelf", "--set-interpreter", loader, *path, *started)
    # HTCondor's own libraries bring a search path, which would hide that of the program.
    own = [file for folder in folders[1:] for file in folder.glob("*.so*")]
    run("patchelf", *path, *elf_files(own))
    expose(prefix)


def program_folders(prefix: Path) -> list[Path]:
    """Where packages put programs."""
    usr = prefix / "usr"
    return [usr / "bin", usr / "sbin", usr / "libexec" / "condor"]


def elf_files(files: Iterable[Path]) -> list[Path]:
    """Those of the files that are programs or libraries of the machine, without links."""
    return [file for file in files if file.is_file() and not file.is_symlink() and begins(file) == b"\x7fELF"]


def begins(file: Path) -> bytes:
    """The first four bytes."""
    with file.open("rb") as stream:
        return stream.read(4)


def has_interpreter(file: Path) -> bool:
    """Whether a loader starts this file: not so for libraries and static programs."""
    asked = ["patchelf", "--print-interpreter", str(file)]
    return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def expose(prefix: Path) -> None:
    """Link HTCondor's tools alone into one folder for a user's PATH: nothing else unpacked may shadow the host's."""
    links = prefix / "bin"
    links.mkdir()
    for folder in (prefix / "usr" / "bin", prefix / "usr" / "sbin"):
        for tool in folder.glob("condor_*"):
            (links / tool.name).symlink_to(tool)
    missing = [name for name in NEEDED if not (links / name).exists()]
    if missing:
        sys.exit(f"the packages of {NEXT} have no {', '.join(missing)}")
