"""Random traffic: a plausible scheduler that asks a manager what schedulers ask."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from . import _core
from ._errors import ClauseError
from ._json import to_json

Json = dict[str, Any]


def presets() -> list[str]:
    """The names of the families of configurations that traffic() knows."""
    return _core.presets()


class Traffic(Iterator[Json]):
    """Commands, one after the other; each waits for the answer to the one before:

        traffic = kvspec.traffic("full", seed=1, operations=1000)
        manager = MyManager(traffic.config)
        for command in traffic:
            traffic.observe(manager.step(command))

    Equal answers give equal commands, on every machine. Some commands break a precondition on purpose: what your
    manager raises for those is told by observe() as well.

    config: the configuration of the manager to drive, under the sound semantics.
    """

    def __init__(self, config_name: str, seed: int, operations: int):
        self._core = _core.Traffic(config_name, seed)
        self._left = operations
        self.config: Json = json.loads(self._core.config())

    def __iter__(self) -> Traffic:
        return self

    def __next__(self) -> Json:
        """The next command. Raises UsageError if the answer to the last one has not been told."""
        if self._left <= 0:
            raise StopIteration
        command: Json = json.loads(self._core.next())
        self._left -= 1
        return command

    def observe(self, answer: Mapping[str, Any] | ClauseError) -> None:
        """Tells what the last command returned: its observation, or the ClauseError it was refused with.

        Raises UsageError if there is no unanswered command, a list has another length than there are groups, or the
        answer has no JSON text; TextError if the dictionary is no observation of the command.
        """
        if isinstance(answer, ClauseError):
            self._core.observe_rejection(answer.clause, answer.offending)
        else:
            self._core.observe(to_json(answer))


def traffic(config_name: str, seed: int, operations: int) -> Traffic:
    """`operations` commands for a configuration of the family `config_name` (see presets()); both follow from the
    seed, 0 .. 2**64 - 1. Raises UnknownName, and ClauseError for the family "invalid", whose configurations are there
    to be rejected."""
    return Traffic(config_name, seed, operations)
