"""vLLM's KV-cache core as an engine for `kvspec check`: speaks docs/engine-protocol.md on standard input and output.

    python adapter.py               serves until its input ends
    python adapter.py --check       says whether the core is the installed package's own, and exits
    python adapter.py --stand-ins   lists what is replaced beside the core, and exits
"""

import os
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

import protocol

# The seed of the none hash: vLLM reads it from here, and without it draws random bytes or takes another text.
if os.environ.get("PYTHONHASHSEED") != "0":
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])
protocol.main("vllm")
