"""Random damages of a good file."""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

ODD = (0, 0xFF, 0x7F, 0x80, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
TOKENS = (b"", b"-1", b"0", b"1e999", b"nan", b"99999999999999999999", b"null", b"[]", b"{}", b'"')
TOKENS += (b"true", b"../../x", b"\x00", b"\xff\xfe", "ü☃".encode(), b",", b"\n", b"\x1b[31m", b"]")


def damaged(good: bytes, name: str, chance: random.Random) -> bytes:
    """One to three random damages; checksums and lengths are made good again half of the time."""
    data = good
    if name.endswith(".safetensors") and chance.random() < 0.7:
        return _odd_header(data, chance)
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(DAMAGES)(data or b"\0", chance)
    if name.endswith(("png", "apng")) and chance.random() < 0.5:
        data = _with_checksums(data)
    return data


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(changed)


def _number(data: bytes, chance: random.Random) -> bytes:
    size, order = chance.choice((1, 2, 4)), chance.choice(("little", "big"))
    place = chance.randrange(len(data))
    value = chance.choice(ODD) % 256**size
    return data[:place] + value.to_bytes(size, order) + data[place + size :]  # type: ignore[arg-type]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _lose(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 16) :]


def _again(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    part = data[start : start + chance.randint(1, 64)]
    return data[:start] + part * chance.randint(2, 20) + data[start:]


def _token(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + chance.choice(TOKENS) + data[start + chance.randint(0, 6) :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...]
DAMAGES = (_flip, _number, _cut, _lose, _again, _token)


def _with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what they hold now."""
    place, made = 8, data[:8]
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        body = data[place + 4 : place + 8 + length]
        made += data[place : place + 4] + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + length
    return made + data[place:]


def _odd_header(data: bytes, chance: random.Random) -> bytes:
    """A safetensors file of which one JSON value is another."""
    length = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:length])
    key = next(iter(header["__metadata__"]))
    about = json.loads(header["__metadata__"][key])
    table, name = chance.choice(list(_places(chance.choice([header, about]))))
    odd = (None, -1, 0, 2**70, 1.5, float("nan"), float("inf"), "x", [], {}, [[1]], True)
    table[name] = chance.choice(odd)
    if isinstance(header.get("__metadata__"), dict) and key in header["__metadata__"]:
        header["__metadata__"][key] = json.dumps(about)
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + data[length:]


def _places(table: Any) -> Any:
    """Every place in nested JSON: what holds it, and its key."""
    for name in list(table if isinstance(table, dict) else range(len(table))):
        yield table, name
        if isinstance(table[name], dict | list):
            yield from _places(table[name])
