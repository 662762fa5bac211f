"""Where an input file lies: on a disk of this machine, or behind a protocol on another one (root://, https://)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from jetloom.errors import ConfigurationError, near_misses

PROTOCOLS = ("root", "https", "http")
"""The protocols that files can be read by."""

PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)


@dataclass(frozen=True, order=True)
class Remote:
    """A file on another machine, by its URL; it is spoken to only when it is opened.

    Attributes
    ----------
    url : str
        As in ``root://eospublic.cern.ch//eos/opendata/x.root``.
    """

    url: str

    def __str__(self) -> str:
        """Return the URL without query and password, for messages and results: a token is nobody's business."""
        return PASSWORD.sub(r"\1@", self.url.partition("?")[0])

    @property
    def protocol(self) -> str:
        """The part before ``://``, in small letters."""
        return self.url.partition("://")[0].lower()

    @property
    def fault(self) -> str:
        """Why no server can be asked by this URL; empty if one can."""
        try:
            parts = urlsplit(self.url)
            named = parts.hostname and parts.port != 0
        except ValueError as error:  # brackets without an end, a port that is none
            return str(error)
        return "" if named else "it names no machine"

    @property
    def name(self) -> str:
        """The file's own name, without a query such as a token."""
        return PurePosixPath(self.url.partition("://")[2].partition("?")[0]).name

    @property
    def stem(self) -> str:
        """The same without the ending."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending."""
        return PurePosixPath(self.name).suffix


Location = Path | Remote


def located(text: str | Path | Remote) -> Location:
    """Return the file that a text names: a path of this machine, or a URL."""
    return (
        Remote(text) if isinstance(text, str) and URL.match(text) else text if isinstance(text, Remote) else Path(text)
    )


def checked_remote(text: str, where: str) -> Remote:
    """Return the remote file that a text of the configuration names.

    Parameters
    ----------
    text : str
        A URL.
    where : str
        Its key.

    Raises
    ------
    ConfigurationError
        If the protocol is none that files can be read by, no file is named, or it is a pattern.
    """
    remote = Remote(text)
    if remote.protocol not in PROTOCOLS:
        raise ConfigurationError(
            f"files cannot be read by the protocol of '{remote}'",
            where=where,
            advice=near_misses(remote.protocol, PROTOCOLS),
        )
    if remote.fault:
        raise ConfigurationError(f"'{remote}' is no URL ({remote.fault})", where=where)
    path = text.partition("://")[2].partition("?")[0]
    if "/" not in path or not remote.name or path.endswith("/"):
        raise ConfigurationError(f"'{remote}' names no file", where=where, advice="as in 'root://host//path/file.root'")
    if set("*[") & set(path):
        raise ConfigurationError(
            f"'{remote}' is a pattern, and files of another machine are named one by one",
            where=where,
            advice="write them into a text file, one a line, and name that: files: [list.txt]"
            + (" (xrdfs HOST ls /path lists them)" if remote.protocol == "root" else ""),
        )
    return remote
