"""A template of an engine for `kvspec check`: copy it, keep serve(), fill the methods of Engine with your own calls.

As it stands it manages one full attention group with prefix caching. A method is an operation of the engine protocol:
it gets the members of `in` and returns those of `out`. In brackets are the clauses it follows.
"""

import collections
import itertools
import json
import sys

from request import Request

HELLO = {"protocol": 1, "engine": "template", "version": "1", "group_kinds": ["full"], "hash_fn": ["sha256_cbor"],
         "events": False, "errors": False}  # fmt: skip


class Engine:
    """The manager of one configuration. Its operations are its methods, those with a leading underscore aside."""

    def __init__(self, config):
        group = config["groups"][0] if len(config["groups"]) == 1 else {"kind": "none or several"}
        if group["kind"] != "full" or config["use_eagle"] or group.get("is_eagle_group") or config["events"]:
            raise NotImplementedError("one full attention group, without a drafter and without events, is all there is")
        if config["hash_fn"] != "sha256_cbor" or config.get("hash_bits"):
            raise NotImplementedError("block hashes are sha256_cbor with all their bits")
        self.block_size = group["block_size"] * config["dcp_world_size"] * config["pcp_world_size"]  # [ALLOC-14]
        self.config = config
        self.free_queue = collections.OrderedDict.fromkeys(range(1, config["num_blocks"]))  # [POOL-01, POOL-02]
        self.references, self.hash_of = [0] * config["num_blocks"], [None] * config["num_blocks"]
        self.index = {}  # hash: its blocks in the order they were cached, as the keys of a dict [POOL-09]
        self.requests, self.hits, self.tables, self.cached = {}, {}, {}, {}  # by request, the last three if present

    def new_request(self, asked):
        request = self.requests[asked["req"]] = Request(asked, self.config)
        out = {"num_tokens": len(request.tokens), "skip_reading_prefix_cache": request.skips_cache}
        return out | {"block_hashes": [block_hash.hex() for block_hash in request.hashes]}

    def append(self, asked):
        request = self.requests[asked["req"]]
        before = len(request.hashes)
        for token in asked["tokens"]:
            request.append(token)
        return {"num_tokens": len(request.tokens), "new_block_hashes": [h.hex() for h in request.hashes[before:]]}

    def get_computed_blocks(self, asked):  # [LOOK-01 to LOOK-03]
        request = self.requests[asked["req"]]
        most = 0 if request.skips_cache else (len(request.tokens) - 1) // self.block_size
        cached = itertools.takewhile(self.index.__contains__, request.hashes[:most])
        hit = self.hits[asked["req"]] = [next(iter(self.index[block_hash])) for block_hash in cached]
        return {"blocks": [hit], "num_computed_tokens": len(hit) * self.block_size}

    def allocate_slots(self, asked):
        name, external = asked["req"], asked["num_external_computed_tokens"]
        total = asked["req_num_computed_tokens"] + asked["num_new_computed_tokens"] + external
        end = total + asked["num_new_tokens"]
        slots = min(end + asked["num_lookahead_tokens"], self.config["max_model_len"])
        whole = len(self.requests[name].tokens) if asked["full_sequence_must_fit"] else 0
        hit = self.hits.get(name, []) if asked["new_computed_blocks"] == "computed" else []
        most = max(slots, min(whole, self.config["max_model_len"]))  # need grows with tokens [ALLOC-07 to ALLOC-09]
        if self._need(name, most, hit) > len(self.free_queue):
            return {"result": None, "num_free": len(self.free_queue)}
        if (hit or external) and name not in self.cached:  # [ALLOC-10, ALLOC-11]
            for block in hit:
                self.free_queue.pop(block, None)
                self.references[block] += 1
            self.tables[name], self.cached[name] = list(hit), len(hit)
            self._grow(name, total if external else 0)
        added = self._grow(name, slots)  # [ALLOC-12]
        if not asked["delay_cache_blocks"]:  # [ALLOC-13]
            self.cache_blocks({"req": name, "num_computed_tokens": min(end, len(self.requests[name].tokens))})
        return {"result": [added], "num_free": len(self.free_queue)}

    def free(self, asked):  # [POOL-06, FREE-01, FREE-03]
        for block in reversed(self.tables.pop(asked["req"], [])):
            self.references[block] -= 1
            if self.references[block] == 0:
                self.free_queue[block] = None
        for of_request in (self.cached, self.hits, self.requests if asked["drop"] else {}):
            of_request.pop(asked["req"], None)
        return {"num_free": len(self.free_queue)}

    def cache_blocks(self, asked):  # [CACHE-01, CACHE-06]
        name, last = asked["req"], asked["num_computed_tokens"] // self.block_size
        first = self.cached.get(name, 0)
        if self.config["enable_caching"] and last > first:
            for block, block_hash in zip(self.tables[name][first:last], self.requests[name].hashes[first:last]):
                self.hash_of[block] = block_hash
                self.index.setdefault(block_hash, {})[block] = None
            self.cached[name] = last
        return {}

    def evict_blocks(self, asked):  # [POOL-10, POOL-11]
        for block in asked["block_ids"]:
            block_hash, self.hash_of[block] = self.hash_of[block], None
            if block_hash is not None:
                del self.index[block_hash][block]
                if not self.index[block_hash]:
                    del self.index[block_hash]
        return {}

    def reset_prefix_cache(self, asked):  # [POOL-13]
        used = len(self.references) - 1 - len(self.free_queue)
        self.evict_blocks({"block_ids": () if used else range(len(self.references))})
        return {"result": used == 0}

    def new_step_starts(self, asked):
        return {}

    def get_block_ids(self, asked):
        return {"result": [self.tables.get(asked["req"], [])]}

    def _need(self, name, tokens, hit):  # [ALLOC-08]
        missing = -(-tokens // self.block_size) - len(self.tables.get(name, ())) - len(hit)
        return max(missing, 0) + sum(self.references[block] == 0 for block in hit)

    def _grow(self, name, tokens):  # [POOL-03]
        table = self.tables.setdefault(name, [])
        added = [self.free_queue.popitem(last=False)[0] for _ in range(-(-tokens // self.block_size) - len(table))]
        self.evict_blocks({"block_ids": added})
        for block in added:
            self.references[block] = 1
        table += added
        return added


def serve(engine):
    """The protocol. A NotImplementedError says that the engine has no means to express a configuration."""
    manager = None
    for line in sys.stdin:
        kind, body = next(iter(json.loads(line).items()))
        try:
            if kind == "in":
                answer = {"out": getattr(manager, body["op"])(body)}
            elif kind == "hello":
                answer = {"hello": HELLO | {"operations": [name for name in vars(engine) if name[0] != "_"]}}
            else:  # config or reset: the manager before it is gone, whatever comes
                manager = None
                manager, answer = (engine(body), {kind: "accepted"}) if kind == "config" else (None, {kind: "done"})
        except NotImplementedError as why:
            answer = {"unsupported": str(why)}
        except Exception as error:
            answer = {"out": None} if kind == "in" else {}
            answer["err"] = {"type": type(error).__name__, "msg": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(Engine)
