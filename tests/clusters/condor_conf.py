"""The files of a pool of one node: its configuration, its users and their tokens."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from condor_packages import run

DOMAIN = "jetloom.test"
PORT = 9618

CONFIG = """\
# Written by tests/clusters/condor.py at every start of a pool that is down.
RELEASE_DIR = {prefix}/usr
BIN = $(RELEASE_DIR)/bin
SBIN = $(RELEASE_DIR)/sbin
LIB = $(RELEASE_DIR)/lib/condor
LIBEXEC = $(RELEASE_DIR)/libexec/condor
LOCAL_DIR = {state}
LOG = $(LOCAL_DIR)/log
SPOOL = $(LOCAL_DIR)/spool
EXECUTE = $(LOCAL_DIR)/execute
LOCK = $(LOCAL_DIR)/lock
RUN = $(LOCAL_DIR)/run
LOCAL_CONFIG_FILE =
LOCAL_CONFIG_DIR =
REQUIRE_LOCAL_CONFIG_FILE = False

# One machine that nothing from outside reaches.
CONDOR_HOST = 127.0.0.1
SHARED_PORT_PORT = {port}
COLLECTOR_PORT = {port}
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
ENABLE_IPV6 = False
UID_DOMAIN = {domain}
FILESYSTEM_DOMAIN = {domain}
TRUST_DOMAIN = {domain}
TRUST_UID_DOMAIN = True
STARTER_ALLOW_RUNAS_OWNER = True
CONDOR_ADMIN = root@{domain}

use ROLE: CentralManager
use ROLE: Submit
use ROLE: Execute

# Tokens first: the Python bindings of HTCondor 24 do not take the FS method of these daemons for genuine.
SEC_DEFAULT_AUTHENTICATION = REQUIRED
SEC_DEFAULT_AUTHENTICATION_METHODS = IDTOKENS, FS
SEC_CLIENT_AUTHENTICATION_METHODS = IDTOKENS, FS
SEC_PASSWORD_DIRECTORY = {state}/passwords.d
SEC_TOKEN_POOL_SIGNING_KEY_FILE = {state}/passwords.d/POOL
SEC_TOKEN_SYSTEM_DIRECTORY = {state}/tokens.d
# condor@password is what root's tools are called: they sign a token for themselves.
OPERATORS = root@$(UID_DOMAIN), condor@$(UID_DOMAIN), condor@password
ALLOW_READ = *
ALLOW_WRITE = *@$(UID_DOMAIN), condor@password
ALLOW_DAEMON = $(OPERATORS)
ALLOW_NEGOTIATOR = $(OPERATORS)
ALLOW_ADMINISTRATOR = $(OPERATORS)

# Tests wait for these.
SCHEDD_INTERVAL = 2
SCHEDD_MIN_INTERVAL = 1
NEGOTIATOR_INTERVAL = 1
NEGOTIATOR_MIN_INTERVAL = 1
NEGOTIATOR_CYCLE_DELAY = 1
STARTER_INITIAL_UPDATE_INTERVAL = 2
STARTER_UPDATE_INTERVAL = 2
SHADOW_QUEUE_UPDATE_INTERVAL = 5
UPDATE_INTERVAL = 5
PERIODIC_EXPR_INTERVAL = 5
MAX_PERIODIC_EXPR_INTERVAL = 5
RunBenchmarks = False
JAVA =
MASTER_BACKOFF_CONSTANT = 3
MASTER_BACKOFF_CEILING = 5
KILLING_TIMEOUT = 10

# No slot goes from one job to the next: a job would have the memory that the one before it asked for, and not be held.
CLAIM_WORKLIFE = 0

# One slot that jobs cut their parts from. More processors than the machine has are allowed.
NUM_CPUS = {cpus}
SLOT_TYPE_1 = 100%
SLOT_TYPE_1_PARTITIONABLE = True
NUM_SLOTS_TYPE_1 = 1
{gpus}
JOB_DEFAULT_REQUESTMEMORY = 256
JOB_DEFAULT_REQUESTDISK = 1024

# In this order: the first sets PREEMPT anew, the second adds to it. The memory is what the processes of a job hold
# together, looked at every few seconds; so do not switch the process daemon off, or it reads 0.
use POLICY: ALWAYS_RUN_JOBS
use POLICY: HOLD_IF_MEMORY_EXCEEDED
# The policy compares with the slot. A slot that was matched for a job that left the queue before it began goes to the
# user's next job, whatever that asked for; so the job's own wish is what counts here.
MEMORY_EXCEEDED = (MemoryUsage =!= UNDEFINED && MemoryUsage > TARGET.RequestMemory)
CGROUP_MEMORY_LIMIT_POLICY = hard
"""


@dataclass(frozen=True)
class Pool:
    """Where a pool lies."""

    home: Path

    @property
    def prefix(self) -> Path:
        """The programs; a wipe leaves them."""
        return self.home / "prefix"

    @property
    def state(self) -> Path:
        """Queue, logs, keys; a wipe removes them."""
        return self.home / "state"

    @property
    def config(self) -> Path:
        """The configuration of daemons and tools."""
        return self.home / "condor_config"

    @property
    def pid_file(self) -> Path:
        """Holds the process number of condor_master."""
        return self.state / "run" / "master.pid"

    @property
    def tools(self) -> Path:
        """The folder for a user's PATH."""
        return self.prefix / "bin"

    def environment(self) -> dict[str, str]:
        """The environment of a command that talks to this pool."""
        path = f"{self.tools}:{os.environ.get('PATH', os.defpath)}"
        return {**os.environ, "CONDOR_CONFIG": str(self.config), "PATH": path}


def write_config(pool: Pool, cpus: int, gpus: int) -> None:
    """Write the configuration anew."""
    pretended = ", ".join(f"FAKE-GPU-{number}" for number in range(gpus))
    line = f"MACHINE_RESOURCE_GPUS = {pretended}" if gpus else ""
    text = CONFIG.format(prefix=pool.prefix, state=pool.state, domain=DOMAIN, port=PORT, cpus=cpus, gpus=line)
    pool.config.write_text(text, encoding="utf-8")
    pool.config.chmod(0o644)


def make_folders(pool: Pool) -> None:
    """Make the folders of the state with the owners that the daemons insist on."""
    pool.state.mkdir(parents=True, exist_ok=True, mode=0o755)
    for name in ("log", "spool", "execute", "lock", "run"):
        folder = pool.state / name
        folder.mkdir(exist_ok=True, mode=0o755)
        shutil.chown(folder, "condor", "condor")
    for name in ("passwords.d", "tokens.d"):
        (pool.state / name).mkdir(exist_ok=True, mode=0o700)


def make_key(pool: Pool) -> None:
    """Make the key that signs the tokens."""
    key = pool.state / "passwords.d" / "POOL"
    if not key.exists():
        write_private(key, secrets.token_hex(32))


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else could read at any moment."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)


def make_user(name: str, *, system: bool) -> None:
    """Add a user to the machine, if absent."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        kind = ["--system", "--shell", "/usr/sbin/nologin"] if system else ["--create-home", "--shell", "/bin/bash"]
        run("useradd", "--user-group", *kind, name)


def give_token(pool: Pool, user: str) -> None:
    """Let a user submit: a token, where tools and bindings look for it."""
    words = [pool.tools / "condor_token_create", "-identity", f"{user}@{DOMAIN}", "-key", "POOL"]
    token = run(*words, env=pool.environment())
    entry = pwd.getpwnam(user)
    folder = Path(entry.pw_dir) / ".condor" / "tokens.d"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "jetloom-pool"
    write_private(file, token)
    for path in (folder.parent, folder, file):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    for path in (folder.parent, folder):
        path.chmod(0o700)


def tail(file: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    if not file.is_file():
        return f"{file}: not there\n"
    done = subprocess.run(["tail", "-n", str(lines), str(file)], check=False, capture_output=True, text=True)
    return f"==> {file} <==\n{done.stdout}"
