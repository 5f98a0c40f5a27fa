"""Imports the KV-cache core of the installed vLLM without the rest of vLLM.

The core is pure bookkeeping, but its files import modules that need a GPU build of torch and a hundred other packages.
Here every module that is not part of the core is replaced, and every module that is part of it is loaded from the
installed package's own file. A replaced name can be imported, named in an annotation and inherited from; *calling* it
raises StandInCalled. So a stand-in never takes over logic unseen: the few that may be called are spelled out in
BEHAVIOUR below, with what they do.
"""

import base64
import hashlib
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import pathlib
import struct
import sys
import types

# The core: these modules, and all modules that begin with one of the prefixes.
CORE = {
    "vllm.distributed.kv_events",
    "vllm.envs",
    "vllm.lora.request",
    "vllm.multimodal.utils",
    "vllm.utils",
    "vllm.utils.hashing",
    "vllm.utils.math_utils",
    "vllm.v1",
    "vllm.v1.core",
    "vllm.v1.metrics.cache_hit_source",
    "vllm.v1.metrics.stats",
    "vllm.v1.request",
    "vllm.v1.utils",
}
CORE_PREFIXES = ("vllm.v1.core.", "vllm.v1.hisparse.", "vllm.v1.kv_cache_")
# Schedulers use the core; the core takes annotations from them and nothing else.
NOT_CORE = "vllm.v1.core.sched"

# Packages of others that files of the core import at their head. Whether they are installed makes no difference.
REPLACED_PACKAGES = {"PIL", "numpy", "pybase64", "torch", "uvloop", "zmq"}


class StandInCalled(RuntimeError):
    """Code of the core called something that stands here in name only."""


class _PlaceholderType(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(f"{cls.__qualname__}.{name}")

    def __call__(cls, *args, **kwargs):
        # A class of the core that inherits from a placeholder is a class of the core.
        if cls.__dict__.get("_is_stand_in"):
            raise StandInCalled(f"{cls.__qualname__} is a stand-in and has no behaviour")
        return super().__call__(*args, **kwargs)

    def __bool__(cls):
        raise StandInCalled(f"{cls.__qualname__} is a stand-in and has no value")

    def __or__(cls, other):
        return cls

    __ror__ = __or__

    def __getitem__(cls, item):
        return cls


def _placeholder(name):
    return _PlaceholderType(name, (), {"_is_stand_in": True, "__module__": "standins"})


class StandInModule(types.ModuleType):
    """A module of which every name exists. Those in BEHAVIOUR do something, the others are placeholders."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self.__name__}.{name}"
        # `from vllm import envs` asks the package for a name before it looks for a module.
        value = importlib.import_module(full) if is_core(full) else _placeholder(full)
        setattr(self, name, value)
        return value


class _Silence:
    """A logger whose messages are dropped."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


class _Platform:
    def register_custom_kv_cache_specs(self, *args, **kwargs):
        return None


class _StructuredOutputRequest:
    @staticmethod
    def from_sampling_params(sampling_params):
        return None


class Tensor:
    """Rows of float32, as much of a tensor as hashing prompt embeddings asks for: length, slices of rows, raw bytes."""

    def __init__(self, rows):
        self._rows = [struct.pack(f"<{len(row)}f", *row) for row in rows]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, rows):
        part = Tensor(())
        part._rows = self._rows[rows]
        return part

    def flatten(self):
        return self

    cpu = contiguous = numpy = flatten

    def view(self, dtype):
        return self

    @property
    def data(self):
        return memoryview(b"".join(self._rows))


# The stand-ins that do something when they are called: {module: ({name: value}, what is replaced by what)}.
BEHAVIOUR = {
    "vllm.config": (
        {"get_current_vllm_config_or_none": lambda: None},
        "get_current_vllm_config_or_none: there is no server configuration, None",
    ),
    "vllm.logger": (
        {"init_logger": lambda name: _Silence()},
        "init_logger: messages are dropped",
    ),
    "vllm.platforms": (
        {"current_platform": _Platform()},
        "current_platform.register_custom_kv_cache_specs: no platform adds kinds of groups, nothing",
    ),
    "vllm.utils.import_utils": (
        {"LazyLoader": lambda *args: StandInModule("torch")},
        "LazyLoader: the stand-in of torch in place of torch loaded on its first use",
    ),
    "vllm.utils.torch_utils": (
        {"get_dtype_size": lambda dtype: 4},
        "get_dtype_size: 4, the size of float32, the only type the adapter names",
    ),
    "vllm.v1.structured_output.request": (
        {"StructuredOutputRequest": _StructuredOutputRequest},
        "StructuredOutputRequest.from_sampling_params: no grammar, None",
    ),
    "torch": (
        {"Tensor": Tensor, "float32": "float32", "uint8": "uint8"},
        "Tensor: rows of float32 that can be sliced and read as bytes; float32, uint8: their names",
    ),
}

stand_ins = {}  # every stand-in that was imported, by name


def is_core(name):
    if name == NOT_CORE or name.startswith(NOT_CORE + "."):
        return False
    return name in CORE or name.startswith(CORE_PREFIXES)


class _Finder:
    """Sends imports of the core to the installed files and all else of vLLM to stand-ins."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def _file(self, name):
        path = self.root.joinpath(*name.split(".")[1:])
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package == "vllm" and is_core(name):
            file = self._file(name)
            if not file.exists():
                return None
            inside = [str(file.parent)] if file.name == "__init__.py" else None
            return importlib.util.spec_from_file_location(name, file, submodule_search_locations=inside)
        if package == "vllm" or package in REPLACED_PACKAGES:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = StandInModule(spec.name)
        vars(module).update(BEHAVIOUR.get(spec.name, ({}, ""))[0])
        stand_ins[spec.name] = module
        return module

    def exec_module(self, module):
        pass


class NotInstalled(RuntimeError):
    """vLLM, or something its core needs, is not there; the message says what to do."""


def install():
    """Makes the core importable. Returns the distribution, which knows the version and the digests of its files."""
    try:
        distribution = importlib.metadata.distribution("vllm")
    except importlib.metadata.PackageNotFoundError:
        raise NotInstalled("vllm is not installed: pip install --no-deps vllm==0.23.0") from None
    for name in ("cbor2", "msgspec", "typing_extensions"):
        if importlib.util.find_spec(name) is None:
            raise NotInstalled(f"{name} is not installed: pip install -r requirements.txt")
    spec = importlib.util.find_spec("vllm")  # looks for it, does not run it
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalled("vllm has metadata but no files: install it again")
    sys.meta_path.insert(0, _Finder(spec.submodule_search_locations[0]))
    return distribution


def core_modules():
    return {name: module for name, module in sorted(sys.modules.items()) if is_core(name)}


def check(distribution, used):
    """Returns what is wrong: files that differ from the package's, classes from elsewhere, stand-ins in the core."""
    wrong = []
    recorded = {str(file.locate()): file.hash for file in distribution.files or () if file.hash is not None}
    recorded = {str(pathlib.Path(path).resolve()): digest for path, digest in recorded.items() if path.endswith(".py")}
    modules = core_modules()
    for name, module in modules.items():
        if isinstance(module, StandInModule):
            wrong.append(f"{name}: a stand-in has the place of a module of the core")
            continue
        path = pathlib.Path(module.__file__).resolve()
        digest = recorded.get(str(path))
        if digest is None or digest.mode != "sha256":
            wrong.append(f"{name}: {path} is not a recorded file of the installed package")
            continue
        actual = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
        if actual != digest.value:
            wrong.append(f"{name}: {path} is not as the package installed it")
    for name in stand_ins:
        if is_core(name):
            wrong.append(f"{name}: a stand-in has the name of a module of the core")
    for thing in used:
        if thing.__module__ not in modules:
            wrong.append(f"{thing.__qualname__}: comes from {thing.__module__}, which is not of the core")
    return wrong


def describe():
    """A line for each stand-in that was imported: its name and what it does."""
    nothing = "names only; calling one raises StandInCalled"
    return [f"{name}: {BEHAVIOUR[name][1] if name in BEHAVIOUR else nothing}" for name in sorted(stand_ins)]
