"""What of vLLM is its KV-cache core, and what stands for the rest (package_core.py)."""

import pathlib
import struct
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

from package_core import Core, StandInModule

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
        {"LazyLoader": lambda *args: StandInModule("torch", core, {})},
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

core = Core("vllm", CORE, CORE_PREFIXES, (NOT_CORE,), REPLACED_PACKAGES, BEHAVIOUR)


def install():
    return core.install("0.23.0", ("cbor2", "msgspec", "typing_extensions"))
