#!/usr/bin/env python3
"""Writes the seeds of the wire fuzzers: wire_corpus.py FOLDER.

FOLDER/wire_request and FOLDER/wire_scan get one message a file, FOLDER/wire.dict the words.
"""
import pathlib
import struct
import sys


def pack(value):
    """The shortest MessagePack of a value; a tuple (type, bytes) is an ext."""
    if value is None:
        return b"\xc0"
    if value is True or value is False:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, int):
        return pack_int(value)
    if isinstance(value, str):
        text = value.encode()
        return head(len(text), 0xA0, 31, (0xD9, 0xDA, 0xDB)) + text
    if isinstance(value, bytes):
        return head(len(value), None, -1, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, tuple):
        return head(len(value[1]), None, -1, (0xC7, 0xC8, 0xC9)) + bytes(value[:1]) + value[1]
    if isinstance(value, list):
        return head(len(value), 0x90, 15, (None, 0xDC, 0xDD)) + b"".join(map(pack, value))
    pairs = b"".join(pack(key) + pack(content) for key, content in value.items())
    return head(len(value), 0x80, 15, (None, 0xDE, 0xDF)) + pairs


def pack_int(number):
    if -32 <= number < 128:
        return struct.pack("b", number)
    formats = ((0xD0, ">b"), (0xD1, ">h"), (0xD2, ">i"), (0xD3, ">q"))
    if number > 0:
        formats = ((0xCC, ">B"), (0xCD, ">H"), (0xCE, ">I"), (0xCF, ">Q"))
    for first, form in formats:
        try:
            return bytes([first]) + struct.pack(form, number)
        except struct.error:
            pass
    raise ValueError(number)


def head(n, fix, fix_max, firsts):
    """The head of a text or container of n, in the shortest of its forms."""
    if n <= fix_max:
        return bytes([fix | n])
    for first, form, most in zip(firsts, (">B", ">H", ">I"), (0xFF, 0xFFFF, 0xFFFFFFFF)):
        if first is not None and n <= most:
            return bytes([first]) + struct.pack(form, n)
    raise ValueError(n)


SUBMIT = {
    "keys": {"Project": [25, -4, "x"], "Task": ["a/b%"]},
    "shared": ["p/%2F", ["q", 7], "/", []],
    "op": "an op",
    "wait": 1500,
    "lease": 1000,
    "claim_in": 0,
    "who": "me",
    "why": "é",
    "meta": [1, {"a": None}],
    "payload": (1, b"abc"),
}

REQUESTS = [
    ("hello", {"protocol": 1, "client": "c", "namespace": "n", "grace": 5,
               "resume": {"session": 2**64 - 1, "secret": "s"}}),
    ("submit", SUBMIT),
    ("acquire", {"keys": [b"A/1"], "wait": False, "lease": 0}),
    ("wait", {"op": "x", "timeout": 2**53}),
    ("claim", {"op": "12"}),
    ("renew", {"op": "x", "token": 2**40, "lease": 100, "progress": "50"}),
    ("release", {"op": "x", "token": 0, "outcome": "done"}),
    ("cancel", {"op": "x", "why": "no"}),
    ("verify", {"op": "x", "token": 1}),
    ("check", {"keys": {"A": list(range(10))}}),
    ("status", {"op": "x", "after_key": ["a", 1]}),
    ("list", {"state": ["waiting", "granted", "ended"], "who": "w", "key": "a/b", "mine": True,
              "claimed": False, "after": 300, "limit": 1000}),
    ("stats", {}),
    ("ping", {}),
    ("no such method", {"parent": 1.5}),
]

WORDS = sorted({word for method, fields in REQUESTS for word in (method, *fields)}
               | {"session", "secret", "waiting", "granted", "ended", "%2F", "%25", "/"})


def main():
    folder = pathlib.Path(sys.argv[1])
    frames = [pack([0, i, method, [fields]]) for i, (method, fields) in enumerate(REQUESTS)]
    frames += [pack([0, 2**32 - 2, "ping", []]), pack([0, 2**32 - 1, "ping", []]),
               pack([2, "note", [None]]), pack([1, 1, None, None])]
    shapes = [pack(["a" * 300, b"b" * 40, (5, b"c" * 16), 2**40, -2**40, 1.5, [[[[[[[]]]]]]]]),
              b"\xdc\x0f\xff", b"\xdb\x00\x00\x10\x00", b"\xc1", b"\xdf\xff\xff\xff\xff"]
    for name, seeds in (("wire_request", frames),
                        ("wire_scan", [b"\x03" + seed for seed in frames + shapes])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i, seed in enumerate(seeds):
            (folder / name / f"seed-{i:02}").write_bytes(seed)
    (folder / "wire.dict").write_text("".join(f'"{word}"\n' for word in WORDS))


if __name__ == "__main__":
    main()
