"""SGLang's radix cache and page allocator behind the operations of the trace format.

A block is a page. Everything here is what a scheduler does with the two: it keeps requests and the row of each, which
says where the entries of its tokens lie, asks for pages, locks and unlocks the path in the tree that a request reads,
and hands over what was computed.
"""

import dataclasses
from array import array

import integers
import standins
from protocol import Unsupported

core = standins.core
distribution = standins.install()

from sglang.srt.mem_cache import common
from sglang.srt.mem_cache.allocator import PagedTokenToKVPoolAllocator, TokenToKVPoolAllocator
from sglang.srt.mem_cache.base_prefix_cache import MatchPrefixParams
from sglang.srt.mem_cache.cache_init_params import CacheInitParams
from sglang.srt.mem_cache.radix_cache import RadixCache, RadixKey

OPERATIONS = [
    "new_request",
    "append",
    "get_computed_blocks",
    "allocate_slots",
    "free",
    "reset_prefix_cache",
    "get_block_ids",
]


def hello():
    return {
        "engine": "sglang radix cache",
        "version": distribution.version,
        "group_kinds": ["full", "mla"],
        "operations": OPERATIONS,
        "hash_fn": ["sha256"],  # hashes nothing: for the mode no-hashes
        "events": False,
        "errors": False,
        "options": ["cache_salt", "lora", "num_lookahead_tokens"],
    }


def used():
    return [RadixCache, RadixKey, PagedTokenToKVPoolAllocator, TokenToKVPoolAllocator, common.evict_from_tree_cache]


class Rows:
    """Where the entries of each request's tokens lie: {row: indices}. Stands for a table in the memory of a GPU."""

    def __init__(self):
        self.req_to_token = self
        self.rows = {}

    def __getitem__(self, place):
        row, tokens = place if isinstance(place, tuple) else (place, slice(None))
        return self.rows[row][tokens]

    def write(self, place, indices):
        row, tokens = place
        self.rows[row][tokens] = indices


@dataclasses.dataclass
class Held:
    """What a request holds outside the tree, under the names that the core reads."""

    req_pool_idx: str
    cache_protected_len: int = 0  # tokens whose pages the tree owns
    cache_inserted_len: int = 0
    kv_allocated_len: int = 0
    swa_evict_floor: int = 0

    def get_evicted_seqlen(self, component):
        return 0

    def swa_dead_lo(self, page_size):
        return 0


class Request:
    def __init__(self, asked):
        self.name = asked["req"]
        self.origin_input_ids = array("q", asked["tokens"])
        self.output_ids = array("q")
        lora = asked.get("lora")
        self.extra_key = lora and lora["name"]
        self.cache_salt = asked.get("cache_salt") or None
        self.priority = 0
        self.kv = None  # Held, while it has a row
        self.lock = None
        self.last_node = None
        self.hit = None  # node and length of the last look-up

    @property
    def full_untruncated_fill_ids(self):
        return self.origin_input_ids + self.output_ids

    def key(self, limit):
        return RadixKey(self.full_untruncated_fill_ids, self.extra_key, limit=limit, cache_salt=self.cache_salt)


def not_expressed(config):
    """What of a configuration a radix cache of full attention has no means for; None if nothing."""
    if len(config["groups"]) != 1:
        return "one group of layers"
    if config.get("use_eagle") or config["groups"][0].get("is_eagle_group"):
        return "no last block is dropped for a drafter; the tree is keyed by pairs of tokens instead"
    if config.get("retention_interval") is not None:
        return "no retention interval"
    if config.get("dcp_world_size", 1) * config.get("pcp_world_size", 1) != 1:
        return "no context parallelism here"
    return None


class Manager:
    def __init__(self, config):
        why = not_expressed(config)
        if why:
            raise Unsupported(why)
        self.page = config["groups"][0]["block_size"]
        self.max_model_len = config["max_model_len"]
        # Page 0 is for what is written by padded tokens, as block 0 is the null block.
        num_tokens = (config["num_blocks"] - 1) * self.page
        pool = {"dtype": None, "device": "cpu", "kvcache": None, "need_sort": False}
        if self.page == 1:
            self.allocator = TokenToKVPoolAllocator(num_tokens, **pool)
        else:
            self.allocator = PagedTokenToKVPoolAllocator(num_tokens, self.page, **pool)
        self.rows = Rows()
        self.tree = RadixCache(
            CacheInitParams(
                disable=not config.get("enable_caching", True),
                req_to_token_pool=self.rows,
                token_to_kv_pool_allocator=self.allocator,
                page_size=self.page,
            )
        )
        self.requests = {}

    def _num_available(self):
        return self.allocator.available_size() + self.tree.evictable_size()

    def _num_free(self):
        return self._num_available() // self.page

    def _pages(self, indices):
        return [int(index) // self.page for index in indices[:: self.page]]

    def new_request(self, asked):
        request = Request(asked)
        self.requests[request.name] = request
        return {
            "block_hashes": [],
            "num_tokens": len(request.full_untruncated_fill_ids),
            "skip_reading_prefix_cache": False,
        }

    def append(self, asked):
        request = self.requests[asked["req"]]
        request.output_ids.extend(asked["tokens"])
        return {"num_tokens": len(request.full_untruncated_fill_ids), "new_block_hashes": []}

    def get_computed_blocks(self, asked):
        request = self.requests[asked["req"]]
        # The last token is always computed, for its logits.
        key = request.key(limit=len(request.full_untruncated_fill_ids) - 1)
        match = self.tree.match_prefix(MatchPrefixParams(key=key))
        length = match.device_prefix_len
        request.hit = (match.last_device_node, length)
        blocks = self._pages(self.tree.path_device_indices(match.last_device_node)) if length else []
        return {"blocks": [blocks], "num_computed_tokens": length}

    def allocate_slots(self, asked):
        request = self.requests[asked["req"]]
        computed = asked["req_num_computed_tokens"] + asked["num_new_computed_tokens"]
        end = computed + asked["num_new_tokens"]
        slots = min(end + asked["num_lookahead_tokens"], self.max_model_len)
        if not self._hold(request, asked["num_new_computed_tokens"], slots):
            return {"result": None, "num_free": self._num_free()}
        added = self._extend(request, slots)
        # A server hands over a step when it has been computed; the model caches it when it is given slots.
        tokens = request.full_untruncated_fill_ids
        up_to = min(end, len(tokens))
        if up_to // self.page * self.page > request.kv.cache_protected_len:
            self.tree.checkpoint(request, up_to=up_to)
        return {"result": [self._pages(self.rows[request.name, slice(*added)])], "num_free": self._num_free()}

    def _hold(self, request, num_hit, slots):
        """Locks the hit of a request that has no row, so that it is not evicted for its own pages. Returns whether the
        pages it lacks are to be had; if not, nothing has changed."""
        kv, lock = request.kv, None
        if kv is None:
            kv = Held(request.name, cache_protected_len=num_hit, kv_allocated_len=num_hit)
            node = request.hit[0] if num_hit else self.tree.root_node
            lock = self.tree.lock(node)
        lacking = -(-slots // self.page) - -(-kv.kv_allocated_len // self.page)
        if lacking * self.page > self._num_available():
            self.tree.unlock(lock)
            return False
        if request.kv is None:
            request.kv, request.lock, request.last_node = kv, lock, node
            row = integers.zeros(self.max_model_len)
            row[:num_hit] = self.tree.path_device_indices(node)[:num_hit]
            self.rows.rows[request.name] = row
        return True

    def _extend(self, request, slots):
        """Gives the row of a request pages up to `slots` tokens. Returns from where to where pages are new."""
        start = request.kv.kv_allocated_len
        aligned = -(-start // self.page) * self.page
        if slots <= start:
            return aligned, aligned
        num_new_pages = -(-slots // self.page) - aligned // self.page
        common.evict_from_tree_cache(self.tree, num_new_pages * self.page)
        if self.page == 1:
            indices = self.allocator.alloc(slots - start)
        else:
            last = self.rows[request.name, start - 1] if start else -1
            one = integers.tensor
            indices = self.allocator.alloc_extend(
                one([start]), one([start]), one([slots]), one([slots]), one([last]), slots - start, num_new_pages
            )
        self.rows.write((request.name, slice(start, slots)), indices)
        request.kv.kv_allocated_len = slots
        return aligned, slots

    def free(self, asked):
        request = self.requests[asked["req"]]
        if request.kv is not None:
            self.tree.free_kv_row(request.kv, [(request.kv.cache_protected_len, request.kv.kv_allocated_len)])
            self.tree.unlock(request.lock)
            del self.rows.rows[request.name]
            request.kv = request.lock = request.last_node = None
        request.hit = None
        if asked["drop"]:
            del self.requests[asked["req"]]
        return {"num_free": self._num_free()}

    def reset_prefix_cache(self, asked):
        """As a server flushes its cache: not while requests run."""
        if any(request.kv for request in self.requests.values()):
            return {"result": False}
        self.tree.reset()
        self.allocator.clear()
        return {"result": True}

    def get_block_ids(self, asked):
        request = self.requests[asked["req"]]
        if request.kv is None:
            return {"result": [[]]}
        return {"result": [self._pages(self.rows[request.name, slice(0, request.kv.kv_allocated_len)])]}
