"""The interface of a format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt

from jetloom.export.subject import Features, Subject

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Tolerance:
    """How far outputs may be from those of Keras, relative to max(1, |output|).

    Attributes
    ----------
    limit : float
        The largest deviation.
    at_most : float
        A share of ``share`` of the rows may deviate up to this.
    share : float
        That share.
    """

    limit: float
    at_most: float
    share: float = 0.0


class Format(ABC):
    """A format of files. Adding one is a class like this, and its name in :mod:`jetloom.export.formats`."""

    name: ClassVar[str]
    """Its key in the configuration."""
    file: ClassVar[str]
    """The name of its file."""
    tolerance: ClassVar[Tolerance]
    holds_missing: ClassVar[bool] = True
    """Whether a file says what stands in the place of missing values, and does it."""
    replaces_infinities: ClassVar[bool] = False
    """Whether infinite values are replaced as NaN is."""
    is_directory: ClassVar[bool] = False

    @abstractmethod
    def write(self, subject: Subject, path: Path) -> None:
        """Write a network.

        Raises
        ------
        RefusedNetworkError
            If the format has not what the network is made of; the layer is named, with a way out.
        """

    @abstractmethod
    def evaluate(self, subject: Subject, path: Path, features: Features) -> list[Array]:
        """Return what a file says of rows, one array an output, in the order of the network."""
