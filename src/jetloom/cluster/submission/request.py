"""What a person asked for when the driver was submitted: kept beside its journal, so that each successor reads it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from jetloom.errors import MissingFileError
from jetloom.io.atomic import make_directory, write_json, write_text

FILE = "request.json"
SCRIPT = "driver.sh"
LOG = "driver.log"
KEPT = (
    "PATH", "HOME", "USER", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "MODULEPATH",
    "CONDOR_CONFIG", "KRB5CCNAME", "X509_USER_PROXY", "BEARER_TOKEN_FILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
    "SNAKEMAKE_PROFILE", "KERAS_BACKEND", "OMP_NUM_THREADS",
)  # fmt: skip
"""Names of the environment that the driver keeps: not every batch system hands on all of it."""
TEXT = """\
#!/bin/sh
# The driver of the analysis '{analysis}', written by `jetloom submit`. It goes on where the one before it ended.
cd {directory} || exit 1
{exports}
exec >> {log} 2>&1
exec {python} -m jetloom.cli.main submit --here "${{SLURM_JOB_ID:-$1}}" --config {config}
"""


@dataclass(frozen=True)
class Driver:
    """A driver as it was asked for."""

    analysis: str
    executor: str
    """The batch system, by the name of Snakemake's executor."""
    profiles: tuple[str, ...]
    config: str
    minutes: int
    """Its wall time."""
    memory: int
    """In MB."""
    margin: float
    """Seconds before the end of the wall time at which it ends by itself."""
    universe: str = "scheduler"
    """HTCondor's: ``scheduler`` (on the machine of the queue, as DAGMan) or ``vanilla`` (on a worker)."""
    options: tuple[str, ...] = ()
    """More options of ``sbatch``, or lines of HTCondor's submit description."""
    snakefile: str = ""
    words: tuple[str, ...] = ()
    """Options and targets for Snakemake."""

    def write(self, directory: Path) -> None:
        """Write it down, with the script that is submitted."""
        make_directory(directory)
        write_json(directory / FILE, asdict(self))
        write_text(directory / SCRIPT, self.script(directory))
        (directory / SCRIPT).chmod(0o755)

    @classmethod
    def read(cls, directory: Path) -> Driver:
        """Read it.

        Raises
        ------
        MissingFileError
            If nobody submitted a driver here, or what there is cannot be read.
        """
        try:
            content = json.loads((directory / FILE).read_text(encoding="utf-8"))
            lists = {name: tuple(content[name]) for name in ("profiles", "options", "words")}
            return cls(**(content | lists))
        except (OSError, ValueError, TypeError, KeyError):
            raise MissingFileError(
                "no driver was submitted here", path=directory / FILE, advice="jetloom submit --profile NAME"
            ) from None

    def script(self, directory: Path) -> str:
        """Return the text of the job."""
        exports = [f"export {name}={shlex.quote(os.environ[name])}" for name in KEPT if name in os.environ]
        beside = f"{Path(sys.executable).parent}"  # jobs call `jetloom` by its name
        exports.append(f"export PATH={shlex.quote(beside)}:$PATH")
        return TEXT.format(
            analysis=self.analysis,
            directory=shlex.quote(str(Path.cwd())),
            exports="\n".join(exports),
            log=shlex.quote(str(directory / LOG)),
            python=shlex.quote(sys.executable),
            config=shlex.quote(self.config),
        )
