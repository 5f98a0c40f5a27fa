"""The engine protocol (docs/engine-protocol.md) in Python, for adapters to installed packages: requests from standard
input to a manager and back.

The module `manager` beside an adapter has
    Manager(config)  a manager; its methods are the operations, each given the members of `in`, returning those of `out`;
                     the constructor raises Unsupported for what it has no means to express
    hello()          the members of hello but the protocol's version
    core             the Core (package_core.py) that was installed, and `distribution`, from install()
    used()           the classes and functions whose behaviour the answers are
"""

import sys


class Unsupported(Exception):
    """An engine has no means to express a configuration; the message says which part."""


def error_of(error):
    return {"type": type(error).__name__, "msg": str(error)}


class Engine:
    """Answers one request after the other; holds at most one manager."""

    def __init__(self, module):
        self.module = module
        self.hello = module.hello()
        self.listed = frozenset(self.hello["operations"])
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
            return {"hello": {"protocol": 1, **self.hello}}
        return {"unsupported": f"no such request: {', '.join(request)}"}

    def configure(self, config):
        self.manager = None
        try:
            self.manager = self.module.Manager(config)
        except Unsupported as why:
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
    import msgspec  # the standard library's codec takes several times as long

    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    output = sys.stdout.buffer
    for line in sys.stdin.buffer:
        output.write(encode(engine.answer(decode(line))) + b"\n")
        output.flush()


def start(name):
    """Imports the module to serve, and holds its core to what the package installed."""
    from package_core import NotInstalled, StandInCalled

    def give_up(why):
        print(f"{name} adapter: {why}", file=sys.stderr)
        sys.exit(2)

    try:
        import manager as module

        engine = Engine(module)  # makes a manager, and so imports what the core imports late
    except NotInstalled as missing:
        give_up(missing)
    except ImportError as missing:
        give_up(f"the core of this version does not load here ({missing}); stand-ins are in standins.py")
    except StandInCalled as called:
        give_up(f"the core of this version calls what is replaced ({called}); stand-ins are in standins.py")
    except Exception as error:
        give_up(f"the core of this version is of another make ({type(error).__name__}: {error}); see manager.py")
    wrong = module.core.check(module.distribution, module.used())
    if wrong:
        give_up(f"the core is not as the package installed it, install {name} again: {'; '.join(wrong)}")
    return engine


def main(name):
    """What an adapter does with its arguments: serve, --check or --stand-ins."""
    options = sys.argv[1:]
    if options not in ([], ["--check"], ["--stand-ins"]):
        print(f"{name} adapter: usage: adapter.py [--check | --stand-ins]", file=sys.stderr)
        sys.exit(2)
    engine = start(name)
    core = engine.module.core
    if options == ["--stand-ins"]:
        print("\n".join(core.describe()))
    elif options == ["--check"]:
        print("\n".join(f"{module}: the installed file" for module in core.loaded()))
        version = engine.module.distribution.version
        print(f"{name} {version}: {len(core.loaded())} files as installed, {len(core.stand_ins)} stand-ins")
    else:
        serve(engine)
