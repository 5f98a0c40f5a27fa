"""Recorded traces: what a manager was asked, and what it answered."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from . import _core

Json = dict[str, Any]


class Trace(Iterator[tuple[Json, "Json | None"]]):
    """The steps of a trace file as pairs (command, observation), read as they are asked for.

    The observation is None where the trace holds none, as for the operation that failed and ended it.

    config: the configuration that replays the trace. A trace that names no semantics is one of the recorded system, so
        "semantics" is always there.
    line: where the last step stands, from 1.
    error: {"type": ..., "msg": ...} of the operation that failed and ended the trace, once it has been reached.
    """

    def __init__(self, path: str | os.PathLike[str]):
        """Opens the file. Raises TextError if it cannot be read or does not start with a configuration."""
        self._core = _core.Trace(os.fsencode(path))
        self.config: Json = json.loads(self._core.config())
        self.line = 1
        self.error: Json | None = None

    def __iter__(self) -> Trace:
        return self

    def __next__(self) -> tuple[Json, Json | None]:
        """The next step. Raises TextError if it cannot be read, and so does every call after that."""
        step = self._core.next()
        if step is None:
            raise StopIteration
        command, observation, error, self.line = step
        if error is not None:
            self.error = json.loads(error)
        return json.loads(command), None if observation is None else json.loads(observation)
