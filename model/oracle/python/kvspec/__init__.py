"""The reference for paged KV-cache management: the model, the fast implementation, traces and random traffic.

    config = kvspec.config({"kind": "full", "block_size": 4}, num_blocks=9)
    model = kvspec.Model(config)
    model.step({"op": "new_request", "req": "r0", "tokens": [1, 2, 3, 4, 5]})

Bodies are dictionaries with the members of the trace format (docs/specification.md). kvspec.hypothesis, which needs
the extra "hypothesis", tests a manager of your own against the model.
"""

from ._clauses import Clause, clause, clauses
from ._core import version as __version__
from ._errors import ClauseError, Error, InternalError, TextError, UnknownName, UsageError
from ._systems import Finding, Host, Model, System, compare, config
from ._traces import Trace
from ._traffic import Traffic, presets, traffic

__all__ = [
    "Clause",
    "ClauseError",
    "Error",
    "Finding",
    "Host",
    "InternalError",
    "Model",
    "System",
    "TextError",
    "Trace",
    "Traffic",
    "UnknownName",
    "UsageError",
    "__version__",
    "clause",
    "clauses",
    "compare",
    "config",
    "presets",
    "traffic",
]
