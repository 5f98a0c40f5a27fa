"""Random traffic: told the answers, it drives both engines alike, and repeats itself."""

import kvspec
import pytest


def drive(traffic, system):
    """The commands, and how many were refused."""
    commands, refused = [], 0
    for command in traffic:
        commands.append(command)
        try:
            traffic.observe(system.step(command))
        except kvspec.ClauseError as error:
            refused += 1
            traffic.observe(error)
    return commands, refused


@pytest.mark.parametrize("preset", [name for name in kvspec.presets() if name != "invalid"])
def test_both_engines_are_asked_the_same(preset):
    first, second = (kvspec.traffic(preset, seed=3, operations=150) for _ in range(2))
    model, host = kvspec.Model(first.config), kvspec.Host(second.config)
    assert drive(first, model) == drive(second, host)
    assert model.view() == host.view()
    assert model.invariants() is None


def test_it_is_the_seed_that_makes_it():
    def commands(seed):
        traffic = kvspec.traffic("pool", seed, 300)
        return drive(traffic, kvspec.Host(traffic.config))

    assert commands(1) == commands(1)
    assert commands(1) != commands(2)
    made, refused = commands(1)
    assert len(made) == 300 and refused > 0


def test_answers_are_asked_for():
    traffic = kvspec.traffic("full", 1, 10)
    with pytest.raises(kvspec.UsageError):
        traffic.observe({})
    next(traffic)
    with pytest.raises(kvspec.UsageError):
        next(traffic)
    with pytest.raises(kvspec.TextError):
        traffic.observe({"no": "observation"})


def test_names_and_families():
    with pytest.raises(kvspec.UnknownName):
        kvspec.traffic("no such family", 1, 1)
    with pytest.raises(kvspec.ClauseError, match="CONF-"):
        for seed in range(20):
            kvspec.traffic("invalid", seed, 1)
    assert list(kvspec.traffic("full", 1, 0)) == []
