from __future__ import annotations

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture
def golden():
    """The path of a recorded trace by its name."""
    return lambda name: GOLDEN / f"{name}.jsonl"
