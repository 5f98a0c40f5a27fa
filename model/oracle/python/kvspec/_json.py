"""The texts that go to the C library."""

from __future__ import annotations

import json
import operator
from typing import Any

from ._errors import UsageError


def to_json(value: Any) -> str:
    """The JSON text of a value; what is an integer by __index__, as those of numpy are, is a number in it.

    Raises UsageError where there is no such text.
    """
    try:
        return json.dumps(value, default=operator.index)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"this has no JSON text: {error}") from error
