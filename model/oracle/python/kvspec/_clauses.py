"""The clauses of the specification."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from . import _core
from ._errors import UnknownName


class Clause(NamedTuple):
    """A rule: its id ("POOL-06"), its kind ("effect", "rejection", "invariant", "deviation"), where it comes from,
    and the rule itself."""

    id: str
    kind: str
    origin: str
    sentence: str


@lru_cache(maxsize=None)
def _by_id() -> dict[str, Clause]:
    return {entry[0]: Clause(*entry) for entry in _core.clauses()}


def clauses() -> list[Clause]:
    """All clauses, in the order of the specification."""
    return list(_by_id().values())


def clause(id: str) -> Clause:
    """The clause of that id. Raises UnknownName."""
    try:
        return _by_id()[id]
    except KeyError:
        raise UnknownName(f"no clause is called {id!r}") from None
