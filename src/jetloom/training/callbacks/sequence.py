"""The callbacks of a training, one after the other, whatever they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jetloom.errors import ConfigurationError
from jetloom.models.own import blamed
from jetloom.training.callbacks.callback import GO_ON, Callback, Decision, Step
from jetloom.training.callbacks.context import Context
from jetloom.training.callbacks.selection import Selection

States = dict[str, dict[str, Any]]
"""What each callback remembers, by its name."""


class Callbacks:
    """Callbacks in their order.

    Parameters
    ----------
    selection : Selection
        Which network is kept; it sees what those before it decided.
    before, after : sequence of Callback
        Those that come before and after it.

    Raises
    ------
    ConfigurationError
        If two have one name.
    """

    def __init__(self, selection: Selection, before: Sequence[Callback] = (), after: Sequence[Callback] = ()) -> None:
        self.selection = selection
        self._all: dict[str, Callback] = {}
        for callback in (*before, selection, *after):
            name = callback.name or type(callback).__name__
            if name in self._all:
                raise ConfigurationError(
                    f"two callbacks have the name '{name}'", where="training.callbacks", advice="give one a `name`"
                )
            self._all[name] = callback
        self._of_steps = [one for one in self._all.values() if type(one).after_step is not Callback.after_step]

    def __getitem__(self, name: str) -> Callback:
        return self._all[name]

    def __contains__(self, name: str) -> bool:
        return name in self._all

    def after_step(self, step: Step) -> None:
        """Tell them of a step."""
        for callback in self._of_steps:
            with blamed(type(callback)):
                callback.after_step(step)

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:
        """Return what they decide together.

        Raises
        ------
        ConfigurationError
            If one of the user's own fails; the line says where in its file.
        """
        context.decided = GO_ON
        for callback in self._all.values():
            with blamed(type(callback)):
                decision = callback.after_validation(dict(row), context)
                if not isinstance(decision, Decision):
                    raise TypeError(f"after_validation gave {decision!r}, not a Decision")
            context.decided += decision
        # Now, too, not only after an interruption: what a callback forgets then, it forgets always.
        self.restore(json.loads(json.dumps(self.state())))
        return context.decided

    def state(self) -> States:
        """Return what they remember.

        Raises
        ------
        ConfigurationError
            If one of the user's own remembers what cannot lie in a checkpoint.
        """
        states = {}
        for name, callback in self._all.items():
            with blamed(type(callback)):
                states[name] = callback.state()
                json.dumps(states[name])
        return states

    def restore(self, states: States) -> None:
        """Go on from what :meth:`state` gave; a callback that is not in it stays as it is."""
        for name, callback in self._all.items():
            if name in states:
                with blamed(type(callback)):
                    callback.restore(states[name])

    def monitors(self) -> set[str]:
        """Return the metrics by which they decide."""
        return {one.monitor for one in self._all.values() if one.monitor is not None}
