"""A request of engine.py: its tokens and its block hashes by sha256_cbor [HASH-01, 02, 04, 06 to 09, 12]."""

import hashlib
import struct


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    size = next(size for size in range(4) if n < 1 << (8 << size))
    return bytes([major << 5 | 24 + size]) + n.to_bytes(1 << size, "big")


def cbor(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(4, len(value)) + b"".join(map(cbor, value))


def sha256(value):
    return hashlib.sha256(cbor(value)).digest()


class Request:
    """`asked` is the `in` of its new_request."""

    def __init__(self, asked, config):
        self.asked = asked
        self.size = config["hash_block_size"] if config["enable_caching"] else 0  # 0: nothing is hashed
        self.none_hash = bytes.fromhex(config["none_hash"]) if config.get("none_hash") else sha256("0")
        # DEV-04 and DEV-05 are defects that the recorded system has. An engine has them or not; this one is told.
        self.recorded = config.get("semantics") == "recorded"
        self.tokens = [0] * len(asked["tokens"]) if asked.get("prompt_embeds") else list(asked["tokens"])  # REQ-06
        self.hashes = []
        self.skips_cache = asked.get("prompt_logprobs") is not None  # REQ-08
        self._hash(asked.get("mm") or [])

    def append(self, token):  # REQ-07
        items = self.asked.get("mm") or []
        self.tokens.append(token)
        self._hash(items[-1:] if self.recorded and self.hashes else items)

    def _hash(self, items):
        while self.size and len(self.tokens) >= (len(self.hashes) + 1) * self.size:
            start, end = len(self.hashes) * self.size, (len(self.hashes) + 1) * self.size
            parent = self.hashes[-1] if self.hashes else self.none_hash
            self.hashes.append(sha256((parent, self.tokens[start:end], self._extra_keys(start, end, items) or None)))

    def _tagged(self, tag, text):
        return text if self.recorded else (tag, text)

    def _extra_keys(self, start, end, items):
        asked, keys = self.asked, []
        if asked.get("lora"):
            keys.append(self._tagged("lora", asked["lora"]["name"]))
        for item in items if items and items[-1]["offset"] + items[-1]["length"] > start else ():
            if item["offset"] >= end:
                break
            if item["offset"] + item["length"] > start:
                keys.append((item["id"], item["offset"] - start))
            if item["offset"] + item["length"] > end:
                break
        if start == 0 and asked.get("cache_salt"):
            keys.append(self._tagged("salt", asked["cache_salt"]))
        if asked.get("prompt_embeds"):
            rows = asked["prompt_embeds"][start:end]
            keys.append(hashlib.sha256(b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)).digest())
        return keys
