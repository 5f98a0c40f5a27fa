"""vLLM's KV-cache core as an engine for `kvspec check`: speaks docs/engine-protocol.md on standard input and output.

    python adapter.py               serves until its input ends
    python adapter.py --check       says whether the core is the installed package's own, and exits
    python adapter.py --stand-ins   lists what is replaced beside the core, and exits
"""

import os
import sys


def give_up(why):
    print(f"vllm adapter: {why}", file=sys.stderr)
    sys.exit(2)


def start():
    """Imports the core and holds it to what the package installed."""
    # The seed of the none hash: vLLM reads it from here, and without it draws random bytes or takes another text.
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    import standins

    try:
        import manager

        engine = Engine(manager)  # makes a manager, and so imports what the core imports late
    except standins.NotInstalled as missing:
        give_up(missing)
    except ImportError as missing:
        give_up(f"the core of this version does not load here ({missing}); stand-ins are in standins.py")
    except standins.StandInCalled as called:
        give_up(f"the core of this version calls what is replaced ({called}); stand-ins are in standins.py")
    except Exception as error:
        give_up(f"the core of this version is of another make ({type(error).__name__}: {error}); see manager.py")
    wrong = standins.check(manager.distribution, manager.used())
    if wrong:
        give_up(f"the core is not as the package installed it, install vllm again: {'; '.join(wrong)}")
    return engine


def error_of(error):
    return {"type": type(error).__name__, "msg": str(error)}


class Engine:
    """Answers one request after the other; holds at most one manager."""

    def __init__(self, module):
        self.module = module
        self.listed = frozenset(module.operations())
        self.manager = None

    def answer(self, request):
        if "in" in request:
            return self.operation(request["in"])
        if "config" in request:
            return self.configure(request["config"])
        if "reset" in request:
            self.manager = None
            return {"reset": "done"}
        if "hello" in request:
            return {"hello": self.hello()}
        return {"unsupported": f"no such request: {', '.join(request)}"}

    def hello(self):
        return {
            "protocol": 1,
            "engine": "vllm",
            "version": self.module.distribution.version,
            "group_kinds": self.module.group_kinds(),
            "operations": [name for name in (*self.module.OPERATIONS, "state") if name in self.listed],
            "hash_fn": self.module.hash_functions(),
            "events": True,
            "errors": False,
        }

    def configure(self, config):
        self.manager = None
        try:
            self.manager = self.module.Manager(config)
        except self.module.Unsupported as why:
            return {"unsupported": str(why)}
        except Exception as error:  # the constructor's own judgement, whatever form it takes
            return {"err": error_of(error)}
        return {"config": "accepted"}

    def operation(self, asked):
        if asked["op"] not in self.listed:
            return {"unsupported": f"{asked['op']} is not listed"}
        try:
            return {"out": getattr(self.manager, asked["op"])(asked)}
        except Exception as error:  # an error of the engine is an answer, not the end of it
            return {"out": None, "err": error_of(error)}


def serve(engine):
    import msgspec  # vLLM's events need it, so it is there; the standard library's codec takes several times as long

    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    output = sys.stdout.buffer
    for line in sys.stdin.buffer:
        output.write(encode(engine.answer(decode(line))) + b"\n")
        output.flush()


def main():
    options = sys.argv[1:]
    if options not in ([], ["--check"], ["--stand-ins"]):
        give_up("usage: adapter.py [--check | --stand-ins]")
    engine = start()
    import standins

    if options == ["--stand-ins"]:
        print("\n".join(standins.describe()))
    elif options == ["--check"]:
        core = standins.core_modules()
        print("\n".join(f"{name}: the installed file" for name in core))
        version = engine.module.distribution.version
        print(f"vllm {version}: {len(core)} files as installed, {len(standins.stand_ins)} stand-ins")
    else:
        serve(engine)


if __name__ == "__main__":
    main()
