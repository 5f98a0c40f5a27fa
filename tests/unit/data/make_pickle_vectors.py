"""Writes pickle_vectors.jsonl, the encodings that the model's hashing is held to.

Needs Python 3.8 or later and cbor2:  python3 make_pickle_vectors.py > pickle_vectors.jsonl

Each line is one vector. {"name", "parent_size", "tokens", "keys", "pickle", "cbor"} is the triple (parent, tokens,
keys) whose parent is the bytes 0, 1, .., parent_size - 1; {"name", "seed", "pickle", "cbor"} is a seed text. An
encoding is {"hex"} if it is short, else {"size", "sha256"}. "tokens" lists the ids, or says how to make them:
{"runs": [[count, token], ...]}. "keys" is null or a list of {"text"}, {"item", "offset"} and {"bytes"}; "text",
"item" and "seed" are a text or {"repeat": [count, text]}.
"""

import hashlib
import json
import pickle
import pickletools

import cbor2

SHORT = 200  # bytes; a longer encoding is stored as its size and digest


def make_text(text):
    if isinstance(text, dict):
        count, part = text["repeat"]
        return "".join([part] * count)
    # Built anew, so that equal texts are distinct objects, as they are in the recorded system. Python has only one
    # object for the empty text and for each text of one Latin-1 character; no vector repeats such a text.
    return "".join(list(text))


def make_tokens(tokens):
    if isinstance(tokens, dict):
        return tuple(token for count, token in tokens["runs"] for _ in range(count))
    return tuple(tokens)


def make_key(key):
    if "text" in key:
        return make_text(key["text"])
    if "item" in key:
        return (make_text(key["item"]), key["offset"])
    return bytes.fromhex(key["bytes"])


def summary(data):
    if len(data) <= SHORT:
        return {"hex": data.hex()}
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def encodings(value):
    data = pickle.dumps(value, protocol=5)
    # A pickle that refers back (BINGET, LONG_BINGET) has merged equal objects: the vector would be wrong.
    assert not any(op.name.endswith("GET") for op, _, _ in pickletools.genops(data))
    return {"pickle": summary(data), "cbor": summary(cbor2.dumps(value, canonical=True))}


def write(vector, value):
    print(json.dumps({**vector, **encodings(value)}, ensure_ascii=True, separators=(",", ":")))


def block(name, tokens, keys=None, parent_size=32):
    parent = bytes(range(parent_size))
    value = (parent, make_tokens(tokens), None if keys is None else tuple(make_key(key) for key in keys))
    write({"name": name, "parent_size": parent_size, "tokens": tokens, "keys": keys}, value)


def text(value):
    return {"text": value}


def item(identifier, offset):
    return {"item": identifier, "offset": offset}


def digest(data):
    return {"bytes": hashlib.sha256(data).hexdigest()}


def small():
    for size in range(6):
        block(f"tuple of {size}", list(range(1, size + 1)))
    block("parent of 16 bytes", [1, 2], parent_size=16)

    edges = {0, 1, 23, 24}
    for power in (8, 15, 16, 23, 24, 31, 32, 39, 40, 47, 48, 55, 56, 62):
        edges |= {2**power - 1, 2**power, 2**power + 1}
    edges |= {2**63 - 1}
    edges |= {-1 - edge for edge in edges}
    for edge in sorted(edges):
        block(f"token {edge}", [edge])
    block("tokens at every edge", sorted(edges))


def extra_keys():
    lora, salt = text("lora-a"), text("salt2")
    block("lora", [5, 3], [lora])
    block("salt", [5, 3], [salt])
    block("embeddings", [0, 0], [digest(b"rows")])
    block("embeddings past the prompt", [7, 8], [digest(b"")])
    block("item", [1, 1], [item("img-1", 0)])
    block("item that began earlier", [1, 1], [item("img-1", -3)])
    block("two items", [1, 1], [item("img-1", -300), item("img-2", 1)])
    block("equal texts", [1, 1], [text("equal"), item("equal", 0), item("equal", 1), text("equal")])
    block("lora and salt", [1, 2, 3, 4], [lora, salt])
    block("three keys", [1, 2, 3, 4], [lora, item("img-1", 2), salt])
    block("all keys", [1, 2, 3, 4], [lora, item("img-1", -70000), item("img-2", 2), salt, digest(b"rows")])
    block("offsets at the edges", [1], [item("one", -(2**63)), item("two", 2**63 - 1), item("three", -(2**31) - 1)])

    for sample in ("", "a", "\u00e9", "\u20ac uro", "\u65e5\u672c\u8a9e", "\U0001f600 smile", "nul\u0000inside"):
        block(f"text {ascii(sample)}", [1], [text(sample)])
    for part in ("x", "\u00e9", "\u20ac", "\U0001f600"):
        width = len(part.encode())
        for size in (23, 24, 254, 255, 256, 257):
            if size % width == 0:
                block(f"text of {size} bytes of width {width}", [1], [{"text": {"repeat": [size // width, part]}}])


def frames():
    # Before the first token a frame holds the parent with its opcode, length and MEMOIZE, and a MARK. Ids up to 255
    # take two bytes and 256 takes three, so the tokens can end on any byte.
    head = 2 + 32 + 1 + 1
    for frame in (1, 2, 3):
        for payload in range(frame * 65536 - 9, frame * 65536 + 7):
            rest = payload - head
            odd = rest % 2
            runs = [[odd, 256], [(rest - 3 * odd) // 2, 1]]
            block(f"tokens up to byte {payload}", {"runs": runs})
    block("tokens of every width", {"runs": [[9000, 1], [9000, 256], [9000, 65536], [9000, 2**31], [9000, -(2**63)]]})
    block("a block of 65536 tokens", {"runs": [[65536, 128000]]})

    # The frame is full at the beginning of each part of the rest: None, the keys, a key, the parts of an item.
    keys = [text("lora-a"), item("img-1", -1), item("img-2", 70000), text("salt2"), digest(b"rows")]
    full = (65536 - head) // 2
    for less in range(0, 40):
        block(f"keys across a frame, {less} tokens less", {"runs": [[full - less, 1]]}, keys)
    for less in range(0, 6):
        block(f"three keys across a frame, {less} tokens less", {"runs": [[1, 256], [full - less, 1]]}, keys[1:4])

    # Texts of 64 KiB or more stand between frames; what follows may be too short for a frame of its own.
    for size in (65534, 65535, 65536, 65537, 200000):
        long = {"repeat": [size, "y"]}
        block(f"text of {size}", [1], [{"text": long}])
        block(f"text of {size} as item", [1, 2], [{"item": long, "offset": -1}])
        keys = [text("lora-a"), {"text": long}, {"item": long, "offset": 5}, digest(b"")]
        block(f"texts of {size} and others", [1, 2], keys)
        block(f"text of {size} after a full frame", {"runs": [[full, 1]]}, [{"text": long}, text("salt2")])
    block("text of 65536 bytes in fewer characters", [1], [{"text": {"repeat": [32768, "\u00e9"]}}])
    block("six frames of texts", [1], [{"text": {"repeat": [40000, part]}} for part in "abcdefghi"])


def seeds():
    for seed in ("0", "", "1", "42", "a seed \u00e9", {"repeat": [255, "s"]}, {"repeat": [256, "s"]},
                 {"repeat": [65533, "s"]}, {"repeat": [65536, "s"]}):
        write({"name": f"seed {ascii(seed)}", "seed": seed}, make_text(seed))


if __name__ == "__main__":
    seeds()
    small()
    extra_keys()
    frames()
