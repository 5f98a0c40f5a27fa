"""Managers of KV-cache blocks: the model and the fast implementation, as objects."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import _core
from ._json import to_json

Json = dict[str, Any]


class Finding(NamedTuple):
    """What is wrong, and by which clause: a broken invariant, or a difference of two observations."""

    clause: str
    sentence: str
    message: str


class System:
    """A manager. Objects are independent of each other; one object is used by one thread at a time.

    Commands and observations are dictionaries with the members of the trace format (docs/specification.md, Trace
    format and errors); spec/commands.hpp lists them. Numbers are tokens where a member's name says so, else blocks.
    """

    _engine: str

    def __init__(self, config: Mapping[str, Any]):
        """A manager of this configuration; without "semantics" it is one of the sound semantics.

        Raises ClauseError (CONF-*) for one that no manager accepts, TextError for one that is none, UsageError for what
        has no JSON text, MemoryError for a pool that does not fit.
        """
        self._core = _core.System(self._engine, to_json(config))

    def step(self, command: Mapping[str, Any]) -> Json:
        """Performs a command, {"op": "free", "req": "r0", "drop": True}, and returns its observation, {"num_free": 4}.

        Raises ClauseError where the command breaks a precondition, TextError where it is no command, UsageError where
        it has no JSON text; nothing has changed then.
        """
        out: Json = json.loads(self._core.step(to_json(command)))
        return out

    def view(self) -> Json:
        """What can be seen of the state. What only a later command shows is not in it: the tokens of an unfilled block,
        what beside tokens goes into hashes.

        Members: state (free_queue, ref_cnt, hashes, ... as the op "state" returns them), new_block_ids (per group),
        held, events, stats, requests.
        """
        view: Json = json.loads(self._core.view())
        return view

    def invariants(self) -> Finding | None:
        """The first invariant of single states that is broken; None if all hold.

        Under the sound semantics they do, some as long as callers keep what they owe (docs/specification.md,
        Invariants): a finding then means that the commands broke that.
        """
        found = self._core.invariants()
        return None if found is None else Finding(*found)


class Model(System):
    """The reference: slow, and right by definition."""

    _engine = "model"


class Host(System):
    """The fast implementation."""

    _engine = "host"


def compare(command: Mapping[str, Any], expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Finding | None:
    """The first difference of two observations of a command, with the clause that says what the part should be; None
    if there is none. Members that are only informative never differ. Raises TextError where a dictionary is not what
    the format says, UsageError where one has no JSON text."""
    found = _core.compare(to_json(command), to_json(expected), to_json(actual))
    return None if found is None else Finding(*found)


def config(*groups: Mapping[str, Any], num_blocks: int, **members: Any) -> Json:
    """A configuration of these groups, {"kind": "full", "block_size": 16}, each with the members of its kind, and a
    pool of num_blocks blocks, the null block included.

    Everything else has a usual value that `members` overrides: hash_block_size is the greatest common divisor of the
    block sizes in tokens, scheduler_block_size their least common multiple, max_model_len 8192 tokens; caching on,
    events and EAGLE off, SHA-256, no context parallelism. What comes out is checked when a manager is made of it.
    """
    sizes = [group["block_size"] for group in groups] or [1]
    usual = {
        "groups": [dict(group) for group in groups],
        "num_blocks": num_blocks,
        "hash_block_size": math.gcd(*sizes),
        "scheduler_block_size": math.lcm(*sizes),
        "max_model_len": 8192,
        "dcp_world_size": 1,
        "pcp_world_size": 1,
        "use_eagle": False,
        "enable_caching": True,
        "events": False,
        "events_int_hashes": True,
        "hash_fn": "sha256",
    }
    return {**usual, **members}
