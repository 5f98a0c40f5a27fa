"""Model and Host as objects: a golden trace through both, errors, invariants, clauses."""

import subprocess
import sys
from pathlib import Path

import kvspec
import pytest

ENGINES = [kvspec.Model, kvspec.Host]
SMALL = kvspec.config({"kind": "full", "block_size": 4}, num_blocks=5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["full_17", "full_swa_mamba_align_10"])
def test_a_golden_trace_is_stepped(engine, name, golden):
    trace = kvspec.Trace(golden(name))
    assert trace.config["semantics"] == "recorded"
    system = engine(trace.config)
    steps = 0
    for command, recorded in trace:
        assert kvspec.compare(command, recorded, system.step(command)) is None, trace.line
        assert system.invariants() is None
        steps += 1
    assert steps == trace.line - 1 > 100
    assert next(trace, None) is None


def test_views_of_both_are_equal(golden):
    trace = kvspec.Trace(golden("full_2swa_19"))
    model, host = kvspec.Model(trace.config), kvspec.Host(trace.config)
    for command, _ in trace:
        model.step(command), host.step(command)
    assert model.view() == host.view()
    assert set(model.view()) == {"state", "new_block_ids", "held", "events", "stats", "requests"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_refused_command_names_its_clause_and_changes_nothing(engine):
    system = engine(SMALL)
    before = system.view()
    with pytest.raises(kvspec.ClauseError) as caught:
        system.step({"op": "pool_get_new_blocks", "num_blocks": 9})
    assert (caught.value.clause, caught.value.offending) == ("POOL-04", 9)
    assert caught.value.sentence == kvspec.clause("POOL-04").sentence
    assert str(caught.value).startswith("POOL-04 (offending: 9): ")
    assert system.view() == before


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_no_command_is_a_text_error(engine):
    system = engine(SMALL)
    for command, clause in [
        ([], "TRACE-04"),
        ({"op": "fly"}, "TRACE-03"),
        ({"op": "free", "req": "r0"}, "TRACE-04"),
        ({"op": "pool_get_new_blocks", "num_blocks": -1}, "TRACE-05"),
        ({"op": "pool_get_new_blocks", "num_blocks": float("nan")}, "TRACE-01"),
    ]:
        with pytest.raises(kvspec.TextError) as caught:
            system.step(command)
        assert caught.value.clause == clause, command


@pytest.mark.parametrize("engine", ENGINES)
def test_what_has_no_json_text_is_a_usage_error(engine):
    system = engine(SMALL)
    circular = {"op": "free"}
    circular["req"] = circular
    for command in [{"op": object()}, {"op": "free", "req": b"r0"}, {("op",): "free"}, circular]:
        with pytest.raises(kvspec.UsageError, match="no JSON text"):
            system.step(command)
        with pytest.raises(kvspec.UsageError, match="no JSON text"):
            kvspec.compare(command, {}, {})
    with pytest.raises(kvspec.UsageError):
        engine({**SMALL, "num_blocks": {5}})


class Whole:
    """An integer as numpy's are: no int, but an index."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


@pytest.mark.parametrize("engine", ENGINES)
def test_whatever_is_an_index_is_a_number(engine):
    system = engine({**SMALL, "num_blocks": Whole(5)})
    assert system.step({"op": "pool_get_new_blocks", "num_blocks": Whole(2)}) == {"blocks": [1, 2]}
    with pytest.raises(kvspec.TextError) as caught:
        system.step({"op": "pool_get_new_blocks", "num_blocks": Whole(-1)})
    assert caught.value.clause == "TRACE-05"


def test_a_configuration_is_refused_by_its_clause():
    with pytest.raises(kvspec.ClauseError, match="CONF-01"):
        kvspec.Model({**SMALL, "num_blocks": 0})
    with pytest.raises(kvspec.TextError):
        kvspec.Host({})


def test_differences_name_place_and_clause():
    command = {"op": "free", "req": "r0", "drop": True}
    found = kvspec.compare(command, {"num_free": 4}, {"num_free": 3})
    assert found.message.startswith("num_free: expected 4, actual 3 [")
    assert kvspec.clause(found.clause).sentence == found.sentence
    assert kvspec.compare(command, {"num_free": 4}, {"num_free": 4}) is None
    with pytest.raises(kvspec.TextError, match="actual"):
        kvspec.compare(command, {"num_free": 4}, {})


def test_clauses():
    assert kvspec.clause("I1") in kvspec.clauses()
    assert kvspec.clause("I1").kind == "invariant"
    with pytest.raises(kvspec.UnknownName):
        kvspec.clause("nothing")
    assert kvspec.ClauseError("REQ-02").sentence == kvspec.clause("REQ-02").sentence


def test_traces_and_their_errors(tmp_path, golden):
    with pytest.raises(kvspec.TextError, match="TRACE-07"):
        kvspec.Trace(tmp_path / "no such file")
    with pytest.raises(ValueError, match="NUL"):
        kvspec.Trace("a\0b")
    lines = golden("full_17").read_text().splitlines()
    failed = '{"in":{"op":"free","req":"r9","drop":true},"out":null,"err":{"type":"KeyError","msg":"r9"}}'
    path = tmp_path / "tracé.jsonl"
    path.write_text("\n".join([lines[0], lines[1], failed, lines[2]]))
    trace = kvspec.Trace(path)
    next(trace)
    command, observation = next(trace)
    assert (command["req"], observation, trace.error) == ("r9", None, {"type": "KeyError", "msg": "r9"})
    with pytest.raises(kvspec.TextError) as caught:
        next(trace)
    assert (caught.value.clause, caught.value.line) == ("TRACE-06", 4)


def test_the_script_prints_a_hit(golden):
    script = Path(__file__).parent / "run_trace.py"
    ran = subprocess.run([sys.executable, script, golden("full_17")], capture_output=True, text=True, check=True)
    assert ran.stdout == "line 11: r1 hits 6 tokens: [[1, 2, 3]]\n"
