"""What of SGLang is its radix cache, and what stands for the rest (package_core.py)."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

import integers
from package_core import Core

# The core: the tree, the allocators of tokens and pages, and what their callers do with both.
CORE = {
    "sglang.srt.environ",
    "sglang.srt.mem_cache.allocator",
    "sglang.srt.mem_cache.allocator.base",
    "sglang.srt.mem_cache.allocator.page_interleave",
    "sglang.srt.mem_cache.allocator.paged",
    "sglang.srt.mem_cache.allocator.token",
    "sglang.srt.mem_cache.base_prefix_cache",
    "sglang.srt.mem_cache.cache_init_params",
    "sglang.srt.mem_cache.common",
    "sglang.srt.mem_cache.events",
    "sglang.srt.mem_cache.evict_policy",
    "sglang.srt.mem_cache.radix_cache",
    "sglang.srt.mem_cache.unified_cache.component_type",
    "sglang.srt.mem_cache.utils",
}

# Packages of others that files of the core import at their head. Whether they are installed makes no difference.
REPLACED_PACKAGES = {"torch", "triton"}


class _Capabilities:
    supports_triton = False


class _Platform:
    capabilities = _Capabilities()


class _Nothing:
    """A server that was started without options."""

    speculative_algorithm = None
    strip_thinking_cache = False


BEHAVIOUR = {
    "sglang.srt.platforms": (
        {"current_platform": _Platform()},
        "current_platform.capabilities.supports_triton: False, so that pages are chosen by the core's own loop",
    ),
    "sglang.srt.runtime_context": (
        {"get_serving": _Nothing, "get_spec": _Nothing},
        "get_serving, get_spec: a server without options and without a drafter",
    ),
    "sglang.srt.utils": (
        {"get_bool_env_var": lambda name: True, "is_hip": lambda: False},
        "get_bool_env_var: True, its one use is SGLANG_DEBUG_MEMORY_POOL, the allocator's own assertions; is_hip: False",
    ),
    "torch": (
        integers.FUNCTIONS,
        "tensors of integers and the functions of them that the core calls, as numpy has them (integers.py)",
    ),
}

core = Core("sglang", CORE, replaced=REPLACED_PACKAGES, behaviour=BEHAVIOUR)


def install():
    return core.install("0.5.23", ("msgspec", "numpy"))
