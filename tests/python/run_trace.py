"""Runs a trace and prints its first hit: python run_trace.py TRACE"""
import sys

import kvspec

trace = kvspec.Trace(sys.argv[1])
host = kvspec.Host(trace.config)
for command, recorded in trace:
    out = host.step(command)
    assert kvspec.compare(command, recorded, out) is None
    if command["op"] == "get_computed_blocks" and out["num_computed_tokens"]:
        print(f"line {trace.line}: {command['req']} hits {out['num_computed_tokens']} tokens: {out['blocks']}")
        break
