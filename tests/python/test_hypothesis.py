"""The state machine passes managers that are right and finds what is planted in those that are not."""

import kvspec
import kvspec.hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

FULL = kvspec.config({"kind": "full", "block_size": 4}, num_blocks=9, max_model_len=64)
HYBRID = kvspec.config(
    {"kind": "full", "block_size": 4},
    {"kind": "swa", "block_size": 4, "sliding_window": 8},
    num_blocks=17,
    max_model_len=64,
    events=True,
)


class IgnoresSalt(kvspec.Host):
    """Gives one user the blocks of another."""

    def step(self, command):
        return super().step({name: value for name, value in command.items() if name != "cache_salt"})


class NeverEvicts(kvspec.Host):
    def step(self, command):
        return {} if command["op"] == "evict_blocks" else super().step(command)


class KeepsHalf(kvspec.Host):
    """Leaks what a preempted request held: it forgets to free."""

    def step(self, command):
        if command["op"] == "free" and not command["drop"]:
            return {"num_free": super().view()["state"]["num_free"]}
        return super().step(command)


class TakesStrangers(kvspec.Host):
    def step(self, command):
        try:
            return super().step(command)
        except kvspec.ClauseError as error:
            raise kvspec.ClauseError("REQ-01") from error


class Polite(kvspec.Host):
    """Does not know what to refuse: being asked would be a failure."""

    def step(self, command):
        try:
            return super().step(command)
        except kvspec.ClauseError as error:
            raise RuntimeError("asked for what cannot be") from error


def machine(manager, configuration=FULL, asks_rejections=True):
    class Machine(kvspec.hypothesis.ManagerMachine):
        config = configuration
        rejections = asks_rejections

        def make_manager(self, config):
            return manager(config)

    return Machine


def run(machine, examples):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("configuration", [FULL, HYBRID], ids=["full", "hybrid"])
def test_what_is_right_passes(configuration):
    run(machine(kvspec.Host, configuration), 60)
    run(machine(Polite, configuration, asks_rejections=False), 30)


@pytest.mark.parametrize("manager", [IgnoresSalt, NeverEvicts, KeepsHalf, TakesStrangers])
def test_what_is_planted_is_found(manager):
    with pytest.raises(kvspec.hypothesis.Disagreement) as caught:
        run(machine(manager), 300)
    assert caught.value.clause == kvspec.clause(caught.value.clause).id
    assert caught.value.sentence in str(caught.value)


def test_it_meets_what_matters():
    """A machine that meets no hit, no refusal and no rejection shows nothing."""
    met = set()

    class Watched(kvspec.Host):
        def step(self, command):
            try:
                out = super().step(command)
            except kvspec.ClauseError:
                met.add("rejection")
                raise
            if out.get("num_computed_tokens"):
                met.add("hit")
            if command["op"] == "allocate_slots" and out["result"] is None:
                met.add("refusal")
            return out

    run(machine(Watched), 100)
    assert met == {"hit", "refusal", "rejection"}
