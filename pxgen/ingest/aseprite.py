"""Aseprite's own files as RGBA frames: visible layers over one another, a clip a tag."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pxgen.arrays import F64, Bytes, Rgba
from pxgen.engines.aseprite import CEL, COMPRESSED, FILE, FRAME, LAYER, PALETTE, TAGS
from pxgen.errors import InputError
from pxgen.ingest.decoded import MAX_FILE_PIXELS, DecodedImage, check_size

OLD_PALETTES = {0x0004: 1, 0x0011: 4}
"""Chunks of older files, and what their numbers are multiplied by (6 bits in the second)."""
VISIBLE, BACKGROUND, REFERENCE = 1, 8, 64
GROUP = 1
MAX_TAG_REPEATS = 16
"""Times that tags may show a file's frames, all together: they become copies."""
MAX_FILE_BYTES = 2**28
RAW, LINKED = 0, 1
INDEXED, GRAY, RGBA = 8, 16, 32


class _Layer(NamedTuple):
    visible: bool
    opacity: int
    background: bool


class _Cel(NamedTuple):
    x: int
    y: int
    opacity: int
    order: int
    """Moves it up or down among the layers."""
    pixels: Bytes
    """``(h, w, n)``: ``n`` bytes a pixel."""


@dataclass
class _State:
    count: int
    depth: int
    transparent: int
    layer_opacity: bool
    budget: int
    """Pixels of cels that may still be unpacked."""
    palette: Rgba = field(default_factory=lambda: np.zeros((256, 4), np.uint8))
    newer: bool = False
    """True once a palette chunk with alpha was seen; older ones then do not count."""
    layers: list[_Layer] = field(default_factory=list)
    groups: list[bool] = field(default_factory=list)
    """Visibility of each level of groups above the next layer."""
    cels: list[dict[int, _Cel]] = field(default_factory=list)
    """Of each frame, by layer."""
    tags: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)


def is_aseprite(head: bytes) -> bool:
    """True of the first bytes of Aseprite's own files: both of its marks are there."""
    marks = len(head) >= 134 and struct.unpack_from("<H", head, 4)[0] == FILE
    return marks and struct.unpack_from("<H", head, 132)[0] == FRAME


def decode_aseprite(path: Path) -> DecodedImage:
    """Decode a file as :func:`read_aseprite` does.

    Raises:
        InputError: damaged, too large, or of layers that only Aseprite can draw.
        OSError: it cannot be read.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(f"an Aseprite file of more than {MAX_FILE_BYTES >> 20} MB")
    return read_aseprite(path.read_bytes())


def read_aseprite(content: bytes) -> DecodedImage:
    """Frames of visible layers over one another, durations, tags, and an indexed file's palette.

    Raises:
        InputError: damaged, too large, or of layers that only Aseprite can draw.
    """
    try:
        return _read(content)
    except (struct.error, IndexError, zlib.error, UnicodeDecodeError, ValueError) as error:
        raise InputError("this Aseprite file is damaged or cut off") from error


def _read(content: bytes) -> DecodedImage:
    _, magic, count, width, height, depth, flags = struct.unpack_from("<IHHHHHI", content)
    if magic != FILE or depth not in {INDEXED, GRAY, RGBA}:
        raise InputError("not an Aseprite file of 8, 16 or 32 bits")
    if not (count and width and height):
        raise InputError("an Aseprite file without pixels")
    check_size(count, height, width)
    state = _State(count, depth, content[28], layer_opacity=bool(flags & 1), budget=MAX_FILE_PIXELS)
    durations, at = [], 128
    for number in range(count):
        size, magic, old, duration, new = struct.unpack_from("<IHHH2xI", content, at)
        if magic != FRAME or size < 16:
            raise InputError(f"frame {number} is damaged")
        durations.append(duration)
        state.cels.append({})
        # A frame's chunks end with it, or a small file could be read over and over.
        _chunks(content[at + 16 : at + size], new or old, state)
        at += size
    rgba = np.stack([_compose(cels, state, height, width) for cels in state.cels])
    table = _table(content, state)
    return DecodedImage(rgba, table, durations=tuple(durations), tags=tuple(state.tags))


def _table(content: bytes, state: _State) -> bytes | None:
    """The palette of an indexed file; what stands for transparent is so there as well."""
    if state.depth != INDEXED:
        return None
    (count,) = struct.unpack_from("<H", content, 32)
    table = state.palette[: count or 256].copy()
    ground = any(layer.visible and layer.background for layer in state.layers)
    if not ground and state.transparent < len(table):
        table[state.transparent] = 0
    return table.tobytes()


def _chunks(content: bytes, count: int, state: _State) -> None:
    at = 0
    for _ in range(count):
        size, kind = struct.unpack_from("<IH", content, at)
        if size < 6 or at + size > len(content):
            raise InputError("a chunk is cut off")
        chunk = content[at + 6 : at + size]
        if kind == LAYER:
            _layer(chunk, state)
        elif kind == CEL:
            _cel(chunk, state)
        elif kind == PALETTE:
            _palette(chunk, state)
        elif kind in OLD_PALETTES and not state.newer:
            _old_palette(chunk, state, OLD_PALETTES[kind])
        elif kind == TAGS:
            state.tags = list(_tags(chunk, state.count))
        at += size


def _layer(chunk: bytes, state: _State) -> None:
    flags, kind, level, _, _, blend, opacity = struct.unpack_from("<HHHHHHB", chunk)
    (length,) = struct.unpack_from("<H", chunk, 16)
    name = chunk[18 : 18 + length].decode("utf-8")
    # A layer in a hidden group is hidden, too.
    del state.groups[level:]
    visible = bool(flags & VISIBLE) and all(state.groups)
    state.groups.append(visible)
    if visible and kind > GROUP:
        raise InputError(f"layer {name} is a tile map: convert it to a layer in Aseprite")
    if visible and blend:
        raise InputError(f"layer {name} has a blend mode: flatten the layers in Aseprite")
    visible = visible and not flags & REFERENCE
    shown = opacity if state.layer_opacity and kind != GROUP else 255
    state.layers.append(_Layer(visible and kind != GROUP, shown, bool(flags & BACKGROUND)))


def _cel(chunk: bytes, state: _State) -> None:
    layer, x, y, opacity, kind, order = struct.unpack_from("<HhhBHh", chunk)
    cels, wide = state.cels[-1], state.depth // 8
    if kind == LINKED:
        (frame,) = struct.unpack_from("<H", chunk, 16)
        if not state.layers[layer].visible:
            return
        if frame >= len(state.cels) - 1:
            raise InputError("a linked cel leads nowhere")
        if layer in state.cels[frame]:
            cels[layer] = state.cels[frame][layer]
        return
    if kind not in {RAW, COMPRESSED}:
        if state.layers[layer].visible:
            raise InputError("a cel is a tile map: convert it to a layer in Aseprite")
        return
    width, height = struct.unpack_from("<HH", chunk, 16)
    if not state.layers[layer].visible or not width * height:
        return
    state.budget -= width * height
    if state.budget < 0:
        raise InputError("its cels are too many pixels")
    size = width * height * wide
    # What it says that it unpacks to is all that is unpacked of it.
    data = zlib.decompressobj().decompress(chunk[20:], size) if kind else chunk[20 : 20 + size]
    pixels = np.frombuffer(data, np.uint8).reshape(height, width, wide)
    cels[layer] = _Cel(x, y, opacity, order, pixels)


def _palette(chunk: bytes, state: _State) -> None:
    _, first, last = struct.unpack_from("<III", chunk)
    if last > 255:
        raise InputError("a palette of more than 256 colours")
    state.newer = True
    at = 20
    for entry in range(first, last + 1):
        flags, *rgba = struct.unpack_from("<H4B", chunk, at)
        state.palette[entry] = rgba
        at += 6
        if flags & 1:
            at += 2 + struct.unpack_from("<H", chunk, at)[0]


def _old_palette(chunk: bytes, state: _State, factor: int) -> None:
    (packets,) = struct.unpack_from("<H", chunk)
    at, entry = 2, 0
    for _ in range(packets):
        entry, count = entry + chunk[at], chunk[at + 1] or 256
        rows = np.frombuffer(chunk[at + 2 : at + 2 + 3 * count], np.uint8).reshape(count, 3)
        known = state.palette[entry : entry + count]
        # A chunk of the newer kind knows alpha; this one has none.
        known[:, :3], known[:, 3] = np.minimum(rows.astype(int) * factor, 255)[: len(known)], 255
        at, entry = at + 2 + 3 * count, entry + count


def _tags(chunk: bytes, frames: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    (count,) = struct.unpack_from("<H", chunk)
    at, shown = 10, 0
    for _ in range(count):
        first, last, direction = struct.unpack_from("<HHB", chunk, at)
        (length,) = struct.unpack_from("<H", chunk, at + 17)
        name = chunk[at + 19 : at + 19 + length].decode("utf-8")
        if not first <= last < frames:
            raise InputError(f"tag {name} names frames that are not there")
        shown += last - first + 1
        if shown > MAX_TAG_REPEATS * frames:
            times = MAX_TAG_REPEATS
            raise InputError(f"tags show its {frames} frames more than {times} times over")
        order = list(range(first, last + 1))
        forward, there_and_back = direction in {0, 2}, direction >= 2
        order = order if forward else order[::-1]
        yield name, tuple(order + (order[-2:0:-1] if there_and_back else []))
        at += 19 + length


def _compose(cels: dict[int, _Cel], state: _State, height: int, width: int) -> Rgba:
    """``(H, W, 4)``: visible cels over one another."""
    below = np.zeros((height, width, 4))
    # Aseprite 1.3: a cel may stand above or below its layer.
    for number in sorted(cels, key=lambda n: (n + cels[n].order, cels[n].order)):
        layer, cel = state.layers[number], cels[number]
        if not layer.visible:
            continue
        rgba = _colored(cel.pixels, layer, state)
        rgba[..., 3] *= cel.opacity / 255 * layer.opacity / 255
        _blend(below, rgba, cel)
    return np.rint(below).astype(np.uint8)


def _colored(pixels: Bytes, layer: _Layer, state: _State) -> F64:
    if state.depth == RGBA:
        return pixels.astype(float)
    if state.depth == GRAY:
        return np.concatenate([np.repeat(pixels[..., :1], 3, -1), pixels[..., 1:]], -1).astype(
            float
        )
    colors = state.palette.astype(float)
    if not layer.background:
        colors[state.transparent] = 0
    return colors[pixels[..., 0]]


def _blend(below: F64, rgba: F64, cel: _Cel) -> None:
    """Lay a cel over what is below it, inside the canvas."""
    height, width = below.shape[:2]
    rows = slice(max(cel.y, 0), min(cel.y + len(rgba), height))
    columns = slice(max(cel.x, 0), min(cel.x + rgba.shape[1], width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    own = rgba[rows.start - cel.y : rows.stop - cel.y, columns.start - cel.x : columns.stop - cel.x]
    under = below[rows, columns]
    a, b = own[..., 3:] / 255, under[..., 3:] / 255
    alpha = a + b * (1 - a)
    mixed = own[..., :3] * a + under[..., :3] * b * (1 - a)
    under[..., :3] = np.divide(mixed, alpha, out=np.zeros_like(mixed), where=alpha > 0)
    under[..., 3:] = 255 * alpha
