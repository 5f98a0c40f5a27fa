"""A state machine that tests a manager of your own against the model. Needs the extra "hypothesis".

    class TestMine(kvspec.hypothesis.ManagerMachine):
        config = kvspec.config({"kind": "full", "block_size": 4}, num_blocks=9)

        def make_manager(self, config):
            return MyManager(config)

    test_mine = TestMine.TestCase

A manager is anything with step(command) -> observation, dictionaries of the trace format. The machine is a small
scheduler: requests arrive with prompts that share prefixes, are looked up, admitted, computed in chunks, decoded,
preempted and finished. Every answer is compared with the model's, and Hypothesis shrinks what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ._errors import ClauseError
from ._systems import Model, compare, config

Json = dict[str, Any]


class Manager(Protocol):
    """What is tested."""

    def step(self, command: Json) -> Mapping[str, Any]:
        """Performs the command or raises ClauseError, and then nothing has changed."""


class Disagreement(AssertionError):
    """The manager answers otherwise than the model.

    command: what was asked. clause, sentence: the rule that says what the answer should be.
    """

    def __init__(self, command: Json, clause: str, sentence: str, message: str):
        self.command = command
        self.clause = clause
        self.sentence = sentence
        super().__init__(f"{command}: {message}\n{clause}: {sentence}")


@dataclass
class _Request:
    id: str
    num_tokens: int
    computed: int = 0  # tokens that have slots
    running: bool = False
    preemptions: int = 0


_which = st.integers(0, 7)  # an index into a list, modulo its length


class ManagerMachine(RuleBasedStateMachine):
    """Subclass it, say what to test in make_manager(), and run its TestCase.

    config: of the model and of the manager; any that the model accepts (see kvspec.config).
    rejections: whether the manager raises ClauseError as the model does. Otherwise it is not asked what the model
        refuses, and rule breaking on purpose is left out.
    """

    config: ClassVar[Json] = config({"kind": "full", "block_size": 4}, num_blocks=9, max_model_len=64)
    rejections: ClassVar[bool] = True

    def make_manager(self, config: Json) -> Manager:
        """A fresh manager of the configuration."""
        raise NotImplementedError

    # ---- Asking both ----

    def ask(self, command: Json) -> Json | None:
        """Asks model and manager, compares, and returns the observation; None if the command is refused by a clause.
        For rules of your own."""
        note(f"{command}")
        try:
            expected = self.model.step(command)
        except ClauseError as refusal:
            if self.rejections:
                self._must_refuse(command, refusal)
            return None
        try:
            actual = self.manager.step(deepcopy(command))
        except ClauseError as refusal:
            raise Disagreement(
                command, refusal.clause, refusal.sentence, f"expected {expected}, actual a refusal by {refusal.clause}"
            ) from refusal
        difference = compare(command, expected, actual)
        if difference is not None:
            raise Disagreement(command, difference.clause, difference.sentence, difference.message)
        return expected

    def _must_refuse(self, command: Json, refusal: ClauseError) -> None:
        try:
            actual = self.manager.step(deepcopy(command))
        except ClauseError as other:
            if other.clause == refusal.clause:
                return
            message = f"expected a refusal by {refusal.clause}, actual one by {other.clause}"
        else:
            message = f"expected a refusal by {refusal.clause}, actual {actual}"
        raise Disagreement(command, refusal.clause, refusal.sentence, message)

    # ---- Rules ----

    @initialize()
    def start(self) -> None:
        self.model = Model(self.config)
        self.manager = self.make_manager(self.config)
        self.requests: list[_Request] = []
        self.arrived = 0
        self.longest: int = self.config["max_model_len"]
        self.budget: int = self.config.get("max_num_batched_tokens") or self.longest

    @rule(
        shared=st.integers(0, 24),
        tail=st.lists(st.integers(0, 1), max_size=6),
        salt=st.sampled_from([None, None, "a"]),
    )
    def arrives(self, shared: int, tail: list[int], salt: str | None) -> None:
        """A request whose first `shared` tokens are those of every other one."""
        tokens = (list(range(100, 100 + shared)) + tail)[: self.longest] or [0]
        command = {"op": "new_request", "req": f"r{self.arrived}", "tokens": tokens}
        if salt is not None:
            command["cache_salt"] = salt
        if self.ask(command) is not None:
            self.requests.append(_Request(f"r{self.arrived}", len(tokens)))
        self.arrived += 1

    @precondition(lambda self: any(not r.running for r in self.requests))
    @rule(which=_which, chunk=st.integers(1, 32), gate=st.booleans())
    def is_admitted(self, which: int, chunk: int, gate: bool) -> None:
        """A waiting request is looked up and gets its first slots."""
        request = self._pick(which, running=False)
        found = self.ask({"op": "get_computed_blocks", "req": request.id, "num_preemptions": request.preemptions})
        if found is None:
            return
        hit = found["num_computed_tokens"]
        self._allocate(request, min(chunk, request.num_tokens - hit), hit, gate)

    @precondition(lambda self: any(r.running for r in self.requests))
    @rule(which=_which, chunk=st.integers(1, 32), token=st.integers(0, 1))
    def runs(self, which: int, chunk: int, token: int) -> None:
        """A running request computes a chunk of its prompt, or decodes a token."""
        request = self._pick(which, running=True)
        if request.computed == request.num_tokens:
            if request.num_tokens == self.longest:
                return self._free(request, drop=True)
            if self.ask({"op": "append", "req": request.id, "tokens": [token]}) is None:
                return
            request.num_tokens += 1
        self._allocate(request, min(chunk, request.num_tokens - request.computed))

    @precondition(lambda self: self.requests)
    @rule(which=_which, drop=st.booleans())
    def is_freed(self, which: int, drop: bool) -> None:
        """A request is finished, aborted, or preempted."""
        self._free(self.requests[which % len(self.requests)], drop)

    @rule()
    def step_starts(self) -> None:
        self.ask({"op": "new_step_starts"})

    @precondition(lambda self: self.requests)
    @rule(which=_which, op=st.sampled_from(["get_block_ids", "get_num_common_prefix_blocks"]))
    def is_read(self, which: int, op: str) -> None:
        request = self.requests[which % len(self.requests)]
        if op == "get_block_ids" or request.running:
            self.ask({"op": op, "req": request.id})

    @rule(op=st.sampled_from(["take_events", "take_new_block_ids", "make_prefix_cache_stats", "reset_prefix_cache"]))
    def server_reads(self, op: str) -> None:
        self.ask({"op": op})

    @rule(blocks=st.lists(st.integers(0, 7), max_size=3))
    def blocks_are_evicted(self, blocks: list[int]) -> None:
        num_blocks = self.config["num_blocks"]
        self.ask({"op": "evict_blocks", "block_ids": [b % num_blocks for b in blocks]})

    @precondition(lambda self: self.rejections)
    @rule(op=st.sampled_from(["get_computed_blocks", "free", "append", "get_block_ids"]))
    def stranger_is_named(self, op: str) -> None:
        """A request that there is not."""
        members: dict[str, Json] = {
            "get_computed_blocks": {"num_preemptions": 0},
            "free": {"drop": True},
            "append": {"tokens": [1]},
            "get_block_ids": {},
        }
        self.ask({"op": op, "req": "nobody", **members[op]})

    # ---- What the rules share ----

    def _pick(self, which: int, running: bool) -> _Request:
        among = [r for r in self.requests if r.running == running]
        return among[which % len(among)]

    def _allocate(self, request: _Request, new: int, hit: int = 0, gate: bool = False) -> None:
        new = min(new, self.budget)
        out = self.ask(
            {
                "op": "allocate_slots",
                "req": request.id,
                "req_num_computed_tokens": request.computed,
                "num_new_tokens": new,
                "num_new_computed_tokens": hit,
                "new_computed_blocks": "computed" if hit else "none",
                "num_lookahead_tokens": 0,
                "num_external_computed_tokens": 0,
                "delay_cache_blocks": False,
                "num_encoder_tokens": 0,
                "full_sequence_must_fit": gate,
            }
        )
        if out is None:  # nothing that fits will ever come of it
            self._free(request, drop=True)
        elif out["result"] is None:
            if request.running:
                self._free(request, drop=False)
        else:
            request.running = True
            request.computed += hit + new

    def _free(self, request: _Request, drop: bool) -> None:
        self.ask({"op": "free", "req": request.id, "drop": drop})
        if drop:
            self.requests.remove(request)
        elif request.running:
            request.running = False
            request.computed = 0
            request.preemptions += 1
