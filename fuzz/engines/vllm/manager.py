"""vLLM's KVCacheManager behind the operations of the trace format.

Everything here is what a caller of the manager does: it builds the configuration, keeps the requests, passes arguments
and writes down what came back. Parameters that differ between versions are looked up in the signatures.
"""

import inspect
import math
import types

import standins
from protocol import Unsupported

core = standins.core
distribution = standins.install()

from vllm import envs
from vllm.distributed.kv_events import AllBlocksCleared, BlockRemoved, BlockStored
from vllm.lora.request import LoRARequest
from vllm.utils import hashing
from vllm.v1 import kv_cache_interface as interface
from vllm.v1.core import kv_cache_coordinator, kv_cache_manager, kv_cache_utils
from vllm.v1.request import Request

KVCacheManager = kv_cache_manager.KVCacheManager

SPECS = {
    "full": "FullAttentionSpec",
    "mla": "MLAAttentionSpec",
    "swa": "SlidingWindowSpec",
    "swa_mla": "SlidingWindowMLASpec",
    "chunked": "ChunkedLocalAttentionSpec",
    "mamba": "MambaSpec",
    "cross": "CrossAttentionSpec",
}
HASH_FUNCTIONS = ("sha256", "sha256_cbor", "xxhash", "xxhash_cbor")
COUNTS = ("requests", "queries", "hits", "preempted_requests", "preempted_queries", "preempted_hits")

# Operation: the method of the manager without which there is none.
OPERATIONS = {
    "new_request": "allocate_slots",
    "append": "allocate_slots",
    "get_computed_blocks": "get_computed_blocks",
    "allocate_slots": "allocate_slots",
    "free": "free",
    "cache_blocks": "cache_blocks",
    "remove_skipped_blocks": "remove_skipped_blocks",
    "evict_blocks": "evict_blocks",
    "reset_prefix_cache": "reset_prefix_cache",
    "new_step_starts": "new_step_starts",
    "take_new_block_ids": "take_new_block_ids",
    "take_events": "take_events",
    "get_num_common_prefix_blocks": "get_num_common_prefix_blocks",
    "get_block_ids": "get_block_ids",
    "make_prefix_cache_stats": "make_prefix_cache_stats",
}


def parameters_of(function):
    return inspect.signature(function).parameters


MANAGER = parameters_of(KVCacheManager.__init__)
ALLOCATE = parameters_of(KVCacheManager.allocate_slots)
GROUP = parameters_of(interface.KVCacheGroupSpec)
CONFIG = parameters_of(interface.KVCacheConfig)


def hash_functions():
    """The names that get_hash_fn_by_name knows; those of xxhash need a package that vLLM does not require."""
    known = []
    for name in HASH_FUNCTIONS:
        try:
            hashing.get_hash_fn_by_name(name)(("", 0))
            known.append(name)
        except Exception:  # whatever it raises: it does not compute this one
            pass
    return known


def group_kinds():
    return [kind for kind, name in SPECS.items() if hasattr(interface, name)]


def operations():
    """The operations of this version; `state` reads attributes that are nobody's interface, so it is tried out."""
    names = [name for name, method in OPERATIONS.items() if hasattr(KVCacheManager, method)]
    # Versions that have no use for common prefixes keep the method, and answer 0; nobody counts them any more.
    if not hasattr(kv_cache_coordinator.KVCacheCoordinator, "get_num_common_prefix_blocks"):
        names.remove("get_num_common_prefix_blocks")
    sizes = {"num_blocks": 2, "hash_block_size": 1, "scheduler_block_size": 1, "max_model_len": 1}
    try:
        Manager({"groups": [{"kind": "full", "block_size": 1}], **sizes}).state({})
        names.append("state")
    except AttributeError:
        pass
    return names


def hello():
    listed = operations()
    return {
        "engine": "vllm",
        "version": distribution.version,
        "group_kinds": group_kinds(),
        "operations": [name for name in (*OPERATIONS, "state") if name in listed],
        "hash_fn": hash_functions(),
        "events": True,
        "errors": False,
    }


def used():
    """Whose behaviour the answers are; the check at start asks where each is defined."""
    specs = [getattr(interface, SPECS[kind]) for kind in group_kinds()]
    events = [BlockStored, BlockRemoved, AllBlocksCleared]
    return [KVCacheManager, Request, LoRARequest, interface.KVCacheConfig, *events, *specs]


def spec_of(group):
    """The spec of a group, of layers with one head of float32: sizes in bytes concern no operation."""
    kind, size = group["kind"], group.get("head_size", 1)
    if kind not in SPECS or not hasattr(interface, SPECS[kind]):
        raise Unsupported(f"this version has no groups of kind {kind}")
    spec = getattr(interface, SPECS[kind])
    if kind == "mamba":
        arguments = {"shapes": ((size,),), "dtypes": ("float32",), "mamba_cache_mode": group["mamba_cache_mode"]}
        if group.get("num_speculative_blocks"):
            arguments["num_speculative_blocks"] = group["num_speculative_blocks"]
    else:
        arguments = {"num_kv_heads": 1, "head_size": size, "dtype": "float32"}
        for name in ("sliding_window", "attention_chunk_size"):
            if group.get(name) is not None:
                arguments[name] = group[name]
    missing = [name for name in arguments if name not in parameters_of(spec)]
    if missing:
        raise Unsupported(f"groups of kind {kind} have no {missing[0]} in this version")
    return spec(block_size=group["block_size"], **arguments)


def group_of(place, group):
    arguments = {}
    if group.get("is_eagle_group"):
        if "is_eagle_group" not in GROUP:
            raise Unsupported("this version has no flag for groups of a drafter")
        arguments["is_eagle_group"] = True
    return interface.KVCacheGroupSpec([f"layer{place}"], spec_of(group), **arguments)


def arguments_of(config):
    """The arguments of the manager, as far as this version has them."""
    arguments = {
        "max_model_len": config["max_model_len"],
        "hash_block_size": config["hash_block_size"],
        "enable_caching": config.get("enable_caching", True),
        # A server with a drafter says so and flags its groups; later versions drop nothing if only the latter is done.
        "use_eagle": config.get("use_eagle", False) or any(group.get("is_eagle_group") for group in config["groups"]),
        "log_stats": config.get("log_stats") is not False,
        "enable_kv_cache_events": config.get("events", False),
        "dcp_world_size": config.get("dcp_world_size", 1),
        "pcp_world_size": config.get("pcp_world_size", 1),
    }
    needless = {"use_eagle": False, "enable_kv_cache_events": False, "dcp_world_size": 1, "pcp_world_size": 1}
    for name in [name for name in arguments if name not in MANAGER]:
        if name not in needless or arguments[name] != needless[name]:
            raise Unsupported(f"the manager of this version has no {name}")
        del arguments[name]

    if "scheduler_block_size" in MANAGER:
        arguments["scheduler_block_size"] = config["scheduler_block_size"]
    else:
        ranks = config.get("dcp_world_size", 1) * config.get("pcp_world_size", 1)
        if config["scheduler_block_size"] != math.lcm(*(group["block_size"] for group in config["groups"])) * ranks:
            raise Unsupported("this version reckons the scheduler block size itself, and another one is asked for")

    if config.get("max_num_batched_tokens") is not None:
        # Later versions count the tokens of all steps in flight; with one step at a time it is the same number.
        name = next((name for name in ("max_num_batched_tokens", "max_in_flight_tokens") if name in MANAGER), None)
        if name is None:
            raise Unsupported("the manager of this version has no max_num_batched_tokens")
        arguments[name] = config["max_num_batched_tokens"]
    return arguments


def event_hash(value):
    return f"i:{value}" if isinstance(value, int) else "b:" + value.hex()


def extra_key(key):
    if isinstance(key, (bytes, bytearray)):
        return {"b": bytes(key).hex()}
    return [extra_key(part) for part in key] if isinstance(key, tuple) else key


def event_of(event):
    if isinstance(event, BlockStored):
        return {
            "type": "BlockStored",
            "block_hashes": [event_hash(value) for value in event.block_hashes],
            "parent_block_hash": None if event.parent_block_hash is None else event_hash(event.parent_block_hash),
            "token_ids": list(event.token_ids),
            "block_size": event.block_size,
            "lora_id": event.lora_id,
            "medium": event.medium,
            "lora_name": event.lora_name,
            "extra_keys": None if event.extra_keys is None else [extra_key(key) for key in event.extra_keys],
            "group_idx": event.group_idx,
            "kv_cache_spec_kind": event.kv_cache_spec_kind,
            "kv_cache_spec_sliding_window": event.kv_cache_spec_sliding_window,
        }
    if isinstance(event, BlockRemoved):
        hashes = [event_hash(value) for value in event.block_hashes]
        return {"type": "BlockRemoved", "block_hashes": hashes, "medium": event.medium, "group_idx": event.group_idx}
    return {"type": type(event).__name__}


class Manager:
    """One configuration: a KVCacheManager, its requests, and the hit that each request looked up last."""

    def __init__(self, config):
        if config.get("hash_bits") is not None:
            raise Unsupported("digests are not truncated")
        name = config.get("hash_fn", "sha256_cbor")
        if name not in hash_functions():
            raise Unsupported(f"{name} is not to be had")
        hash_function = hashing.get_hash_fn_by_name(name)
        kv_cache_utils.init_none_hash(hash_function)  # of the seed "0", which is in the environment
        if config.get("none_hash") is not None:
            kv_cache_utils.NONE_HASH = bytes.fromhex(config["none_hash"])
        envs.VLLM_KV_EVENTS_USE_INT_BLOCK_HASHES = config.get("events_int_hashes", True)

        sizes = {"num_blocks": config["num_blocks"], "kv_cache_tensors": []}
        retention = config.get("retention_interval")
        if "prefix_cache_retention_interval" in CONFIG:
            sizes["prefix_cache_retention_interval"] = retention
        elif "VLLM_PREFIX_CACHE_RETENTION_INTERVAL" in envs.environment_variables:
            envs.VLLM_PREFIX_CACHE_RETENTION_INTERVAL = retention
        elif retention is not None:
            raise Unsupported("this version has no retention interval")
        groups = [group_of(place, group) for place, group in enumerate(config["groups"])]
        self.manager = KVCacheManager(interface.KVCacheConfig(kv_cache_groups=groups, **sizes), **arguments_of(config))

        self.hasher = None
        if config.get("enable_caching", True):
            self.hasher = kv_cache_utils.get_request_block_hasher(config["hash_block_size"], hash_function)
        self.requests = {}
        self.hits = {}
        # Where the manager leaves it to its caller to count look-ups, that is done when the request is given slots.
        self.count = getattr(self.manager, "record_prefix_cache_stats", None)
        self.uncounted = {}

    def _num_free(self):
        return self.manager.block_pool.get_num_free_blocks()

    def _forget_hit(self, name):
        self.hits.pop(name, None)
        self.uncounted.pop(name, None)

    def new_request(self, asked):
        # All that a request reads of its sampling parameters. A server derives the last from prompt_logprobs as here.
        sampling = types.SimpleNamespace(
            max_tokens=asked.get("max_tokens") or 1,
            extra_args=None,
            skip_reading_prefix_cache=asked.get("prompt_logprobs") is not None,
        )
        items = [
            types.SimpleNamespace(
                identifier=item["id"],
                mm_position=types.SimpleNamespace(offset=item["offset"], length=item["length"]),
            )
            for item in asked.get("mm") or ()
        ]
        lora, rows = asked.get("lora"), asked.get("prompt_embeds")
        request = Request(
            asked["req"],
            None if rows is not None else asked["tokens"],
            sampling,
            None,
            prompt_embeds=None if rows is None else standins.Tensor(rows),
            mm_features=items,
            lora_request=lora and LoRARequest(lora_name=lora["name"], lora_int_id=lora["id"], lora_path="none"),
            cache_salt=asked.get("cache_salt"),
            block_hasher=self.hasher,
        )
        self.requests[asked["req"]] = request
        self._forget_hit(asked["req"])
        return {
            "block_hashes": [value.hex() for value in request.block_hashes],
            "num_tokens": request.num_tokens,
            "skip_reading_prefix_cache": bool(request.skip_reading_prefix_cache),
        }

    def append(self, asked):
        request = self.requests[asked["req"]]
        before = len(request.block_hashes)
        for token in asked["tokens"]:
            request.append_output_token_ids(token)
        hashes = [value.hex() for value in request.block_hashes[before:]]
        return {"num_tokens": request.num_tokens, "new_block_hashes": hashes}

    def get_computed_blocks(self, asked):
        name = asked["req"]
        request = self.requests[name]
        request.num_preemptions = asked["num_preemptions"]
        blocks, tokens = self.manager.get_computed_blocks(request)[:2]
        self.hits[name] = blocks
        if self.count:
            self.uncounted[name] = tokens
        return {"blocks": blocks.get_block_ids(), "num_computed_tokens": tokens}

    def allocate_slots(self, asked):
        name = asked["req"]
        request = self.requests[name]
        request.num_computed_tokens = asked["req_num_computed_tokens"]
        passed = None
        if asked["new_computed_blocks"] != "none":
            passed = self.manager.empty_kv_cache_blocks
        if asked["new_computed_blocks"] == "computed":
            passed = self.hits.get(name, passed)
        arguments = {
            "num_new_tokens": asked["num_new_tokens"],
            "num_new_computed_tokens": asked["num_new_computed_tokens"],
            "new_computed_blocks": passed,
            "num_lookahead_tokens": asked["num_lookahead_tokens"],
            "num_external_computed_tokens": asked["num_external_computed_tokens"],
            "delay_cache_blocks": asked["delay_cache_blocks"],
            "num_encoder_tokens": asked["num_encoder_tokens"],
            "full_sequence_must_fit": asked["full_sequence_must_fit"],
        }
        # A parameter that this version lacks is left out where it asks for nothing, and is an error where it does.
        arguments = {key: value for key, value in arguments.items() if value or key in ALLOCATE}
        blocks = self.manager.allocate_slots(request, **arguments)
        if blocks is not None and name in self.uncounted:
            self.count(request, self.uncounted.pop(name))
        return {"result": None if blocks is None else blocks.get_block_ids(), "num_free": self._num_free()}

    def free(self, asked):
        self.manager.free(self.requests[asked["req"]])
        self._forget_hit(asked["req"])
        if asked["drop"]:
            del self.requests[asked["req"]]
        return {"num_free": self._num_free()}

    def cache_blocks(self, asked):
        self.manager.cache_blocks(self.requests[asked["req"]], asked["num_computed_tokens"])
        return {}

    def remove_skipped_blocks(self, asked):
        self.manager.remove_skipped_blocks(asked["req"], asked["total_computed_tokens"])
        return {"num_free": self._num_free()}

    def evict_blocks(self, asked):
        # A list where the annotation says a set: the events follow its order, and a set has an order of its own.
        self.manager.evict_blocks(asked["block_ids"])
        return {}

    def reset_prefix_cache(self, asked):
        return {"result": self.manager.reset_prefix_cache()}

    def new_step_starts(self, asked):
        self.manager.new_step_starts()
        return {}

    def take_new_block_ids(self, asked):
        return {"result": self.manager.take_new_block_ids()}

    def take_events(self, asked):
        return {"events": [event_of(event) for event in self.manager.take_events()]}

    def get_num_common_prefix_blocks(self, asked):
        return {"result": self.manager.get_num_common_prefix_blocks(asked["req"])}

    def get_block_ids(self, asked):
        return {"result": self.manager.get_block_ids(asked["req"])}

    def make_prefix_cache_stats(self, asked):
        stats = self.manager.make_prefix_cache_stats()  # none with log_stats off
        return {"reset": bool(stats and stats.reset)} | {name: getattr(stats, name) if stats else 0 for name in COUNTS}

    def state(self, asked):
        pool = self.manager.block_pool
        cached = pool.cached_block_hash_to_block
        hashed = [block for block in pool.blocks if block.block_hash is not None]
        used = [block for block in pool.blocks if block.ref_cnt]
        return {
            "free_queue": [block.block_id for block in pool.free_block_queue.get_all_free_blocks()],
            "num_free": self._num_free(),
            "usage": self.manager.usage,
            "ref_cnt": {str(block.block_id): block.ref_cnt for block in used if not block.is_null},
            "null_block_ref_cnt_unmaintained": pool.null_block.ref_cnt,
            "hashes": {
                str(block.block_id): [
                    kv_cache_utils.get_block_hash(block.block_hash).hex(),
                    kv_cache_utils.get_group_id(block.block_hash),
                ]
                for block in hashed
            },
            "cached_map_size": len(cached),
            # A key that holds, or once held, several blocks has a dict of them instead of a block.
            "dups": {key.hex(): list(blocks) for key, blocks in cached._cache.items() if isinstance(blocks, dict)},
            "managers": [self._group_state(group) for group in self.manager.coordinator.single_type_managers],
        }

    @staticmethod
    def _group_state(group):
        state = {
            "req_blocks": {name: [block.block_id for block in table] for name, table in group.req_to_blocks.items()},
            "num_cached_block": dict(group.num_cached_block),
        }
        if hasattr(group, "cached_blocks_this_step"):
            state["cached_blocks_this_step"] = sorted(key.hex() for key in group.cached_blocks_this_step)
            if group.mamba_cache_mode == "align":
                state["last_state_block_idx"] = dict(group.last_state_block_idx)
                state["allocated_block_reqs"] = sorted(group._allocated_block_reqs)
        return state
