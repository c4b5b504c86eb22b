"""Aseprite's own files as RGBA frames: visible layers over one another, a clip a tag.

By the published specification (``docs/ase-file-specs.md``) and, where that is silent, by what
Aseprite's decoder does.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from pxgen.arrays import Bytes, Rgba
from pxgen.engines.aseprite import (
    CEL,
    COMPRESSED,
    FILE,
    FRAME,
    LAYER,
    PALETTE,
    TAGS,
    USER_DATA,
)
from pxgen.engines.tags import DIRECTIONS, Tag
from pxgen.errors import InputError
from pxgen.ingest.aseprite_blend import MODES, NORMAL
from pxgen.ingest.aseprite_render import GRAY, INDEXED, RGBA, Cel, Layer, Sprite, render
from pxgen.ingest.aseprite_tiles import Masks, Tileset, assemble
from pxgen.ingest.decoded import (
    DEFAULT_MS,
    MAX_FILE_PIXELS,
    MAX_SHOWN,
    DecodedImage,
    check_size,
)

TILESET = 0x2023
OLD_PALETTES = {0x0004: 8, 0x0011: 6}
"""Chunks of older files, and the bits of their numbers."""
VISIBLE, BACKGROUND, REFERENCE = 1, 8, 64
OPACITIES, GROUP_BLENDING = 1, 2
"""Flags of the header: layers' opacities count, and groups are blended as one."""
IMAGES, GROUP, TILES = 0, 1, 2
"""Kinds of layers."""
RAW, LINKED, TILE_MAP = 0, 1, 3
"""Kinds of cels."""
ELSEWHERE, EMBEDDED, ZERO_IS_EMPTY = 1, 2, 4
"""Flags of a tile set."""


@dataclass
class _State:
    sprite: Sprite
    count: int
    """Frames."""
    flags: int
    budget: int
    """Pixels of cels and tiles that may still be unpacked."""
    palette: Rgba = field(default_factory=lambda: np.zeros((256, 4), np.uint8))
    newer: bool = False
    """True once a palette chunk with alpha was seen; older ones then do not count."""
    groups: list[int] = field(default_factory=list)
    """The layers above the next one in the tree, of the outermost to the innermost."""
    tilesets: dict[int, Tileset] = field(default_factory=dict)
    tags: list[Tag] = field(default_factory=list)
    unnoted: list[int] = field(default_factory=list)
    """Tags of which user data is to follow, the next one last."""

    @property
    def wide(self) -> int:
        """Bytes a pixel."""
        return self.sprite.depth // 8

    def spend(self, pixels: int) -> None:
        """Count pixels before they are unpacked."""
        self.budget -= pixels
        if self.budget < 0:
            raise InputError("its cels are too many pixels")


def is_aseprite(head: bytes) -> bool:
    """True of the first bytes of Aseprite's own files: both of its marks are there."""
    marks = len(head) >= 134 and struct.unpack_from("<H", head, 4)[0] == FILE
    return marks and struct.unpack_from("<H", head, 132)[0] == FRAME


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
    sprite = Sprite(height, width, depth, content[28], bool(flags & GROUP_BLENDING))
    state = _State(sprite, count, flags, MAX_FILE_PIXELS)
    (speed,) = struct.unpack_from("<H", content, 18)
    durations = []
    for duration, chunks in aseprite_frames(content):
        durations.append(duration or speed or DEFAULT_MS)
        sprite.cels.append({})
        for kind, chunk in chunks:
            _chunk(kind, chunk, state)
        same = sprite.palettes and (sprite.palettes[-1] == state.palette).all()
        sprite.palettes.append(sprite.palettes[-1] if same else state.palette.copy())
    return DecodedImage(
        render(sprite),
        _table(content, sprite),
        durations=tuple(map(float, durations)),
        tags=tuple(state.tags),
    )


def _table(content: bytes, sprite: Sprite) -> bytes | None:
    """The palette of an indexed file, if it has one; what stands for transparent is so there."""
    first = sprite.palettes[0]
    if sprite.depth != INDEXED or any((each != first).any() for each in sprite.palettes[1:]):
        return None
    (count,) = struct.unpack_from("<H", content, 32)
    table = first[: count or 256].copy()
    if not sprite.has_background and sprite.transparent < len(table):
        table[sprite.transparent] = 0
    return table.tobytes()


def aseprite_frames(content: bytes) -> Iterator[tuple[int, Iterator[tuple[int, bytes]]]]:
    """Of each frame of a file its duration in milliseconds, and kind and content of its chunks.

    Raises:
        InputError: a frame or a chunk is damaged.
        struct.error: the file ends too soon.
    """
    (count,) = struct.unpack_from("<H", content, 6)
    at = 128
    for number in range(count):
        size, magic, old, duration, new = struct.unpack_from("<IHHH2xI", content, at)
        if magic != FRAME or size < 16:
            raise InputError(f"frame {number} is damaged")
        # A frame's chunks end with it, or a small file could be read over and over.
        yield duration, _chunks(content[at + 16 : at + size], new or old)
        at += size


def _chunks(content: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(count):
        size, kind = struct.unpack_from("<IH", content, at)
        if size < 6 or at + size > len(content):
            raise InputError("a chunk is cut off")
        yield kind, content[at + 6 : at + size]
        at += size


def _chunk(kind: int, chunk: bytes, state: _State) -> None:
    if kind != USER_DATA:
        state.unnoted = []
    if kind == LAYER:
        _layer(chunk, state)
    elif kind == CEL:
        _cel(chunk, state)
    elif kind == PALETTE:
        _palette(chunk, state)
    elif kind in OLD_PALETTES and not state.newer:
        _old_palette(chunk, state, OLD_PALETTES[kind])
    elif kind == TILESET:
        _tileset(chunk, state)
    else:
        _about_tags(kind, chunk, state)


def _layer(chunk: bytes, state: _State) -> None:
    flags, kind, level, _, _, mode, opacity = struct.unpack_from("<HHHHHHB", chunk)
    (length,) = struct.unpack_from("<H", chunk, 16)
    name = _told(chunk[18 : 18 + length].decode("utf-8"))
    layers = state.sprite.layers
    del state.groups[level:]
    group = state.groups[-1] if state.groups else None
    state.groups.append(len(layers))
    # A layer in a hidden group is hidden, too.
    visible = bool(flags & VISIBLE) and not flags & REFERENCE
    visible = visible and (group is None or layers[group].visible)
    # Groups have an opacity and a mode only where they are blended as one, a background never.
    if flags & BACKGROUND or (kind == GROUP and not state.sprite.group_blending):
        opacity, mode = 255, NORMAL
    if not state.flags & OPACITIES:
        opacity = 255
    if visible and kind > TILES:
        raise InputError(f"layer {name} is of a kind that is not known: flatten it in Aseprite")
    if visible and mode >= len(MODES):
        raise InputError(f"layer {name} has a blend mode that is not known: flatten it in Aseprite")
    tileset = struct.unpack_from("<I", chunk, 18 + length)[0] if kind == TILES else None
    background = bool(flags & BACKGROUND)
    layers.append(Layer(group, kind == GROUP, visible, opacity, mode, background, name, tileset))


def _told(name: str) -> str:
    """A name as a message may have it: on one line, without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in name)


def _cel(chunk: bytes, state: _State) -> None:
    number, x, y, opacity, kind, order = struct.unpack_from("<HhhBHh", chunk)
    cels, layer = state.sprite.cels, state.sprite.layers[number]
    if not layer.visible or layer.is_group:
        return
    if kind == LINKED:
        (frame,) = struct.unpack_from("<H", chunk, 16)
        if frame >= len(cels) - 1:
            raise InputError("a linked cel leads nowhere")
        if number in cels[frame]:
            # Pixels are shared; place and opacity are each cel's own.
            linked = cels[frame][number]
            cels[-1][number] = replace(linked, x=x, y=y, opacity=opacity, order=order)
        return
    width, height = struct.unpack_from("<HH", chunk, 16)
    if not width * height:
        return
    if kind in {RAW, COMPRESSED}:
        state.spend(width * height)
        data = _unpacked(chunk[20:], width * height * state.wide, packed=kind == COMPRESSED)
        pixels = data.reshape(height, width, state.wide)
    elif kind == TILE_MAP:
        pixels = _tile_map(chunk, (height, width), layer, state)
    else:
        raise InputError(f"layer {layer.name} has cels of a kind that is not known")
    cels[-1][number] = Cel(x, y, opacity, order, pixels)


def _unpacked(data: bytes, size: int, *, packed: bool = True) -> Bytes:
    # What it says that it unpacks to is all that is unpacked of it.
    content = zlib.decompressobj().decompress(data, size) if packed else data[:size]
    return np.frombuffer(content, np.uint8)


def _tile_map(chunk: bytes, shape: tuple[int, int], layer: Layer, state: _State) -> Bytes:
    bits, *masks = struct.unpack_from("<HIIII", chunk, 20)
    tileset = state.tilesets.get(-1 if layer.tileset is None else layer.tileset)
    if tileset is None:
        raise InputError(
            f"layer {layer.name} is of tiles that are in no file: convert it to a layer"
        )
    if bits != 32:
        raise InputError(f"layer {layer.name} is a tile map of {bits} bits a tile, not 32")
    cells = shape[0] * shape[1]
    state.spend(cells * max(1, tileset.tiles[:1].size // state.wide))
    numbers = _unpacked(chunk[48:], 4 * cells).view("<u4").reshape(shape)
    blank = state.sprite.transparent if state.sprite.depth == INDEXED else 0
    return assemble(numbers, Masks(*masks), tileset, blank)


def _tileset(chunk: bytes, state: _State) -> None:
    number, flags, count, width, height = struct.unpack_from("<IIIHH", chunk)
    (length,) = struct.unpack_from("<H", chunk, 32)
    at = 34 + length + (8 if flags & ELSEWHERE else 0)
    if not flags & EMBEDDED or not width * height:
        return
    state.spend(count * width * height)
    shape = (count, height, width, state.wide)
    tiles = _unpacked(chunk[at + 4 :], count * width * height * state.wide).reshape(shape)
    state.tilesets[number] = Tileset(tiles, bool(flags & ZERO_IS_EMPTY))


def _palette(chunk: bytes, state: _State) -> None:
    _, first, last = struct.unpack_from("<III", chunk)
    state.newer = True
    at = 20
    # An index reaches 256 of them; the others are only there to be picked from.
    for entry in range(first, min(last, 255) + 1):
        flags, *rgba = struct.unpack_from("<H4B", chunk, at)
        state.palette[entry] = rgba
        at += 6
        if flags & 1:
            at += 2 + struct.unpack_from("<H", chunk, at)[0]


def _old_palette(chunk: bytes, state: _State, bits: int) -> None:
    (packets,) = struct.unpack_from("<H", chunk)
    at, entry = 2, 0
    for _ in range(packets):
        entry, count = entry + chunk[at], chunk[at + 1] or 256
        rows = np.frombuffer(chunk[at + 2 : at + 2 + 3 * count], np.uint8).reshape(count, 3)
        known = state.palette[entry : entry + count]
        # A chunk of the newer kind knows alpha; this one has none.
        known[:, :3], known[:, 3] = (
            (rows << 2 | rows >> 4 if bits == 6 else rows)[: len(known)],
            255,
        )
        at += 2 + 3 * count


def _about_tags(kind: int, chunk: bytes, state: _State) -> None:
    if kind == TAGS:
        state.tags = list(_tags(chunk, state.count))
        state.unnoted = [*range(len(state.tags))][::-1]
    elif kind == USER_DATA and state.unnoted:
        number = state.unnoted.pop()
        state.tags[number] = _noted(state.tags[number], chunk)


def _tags(chunk: bytes, frames: int) -> Iterator[Tag]:
    (count,) = struct.unpack_from("<H", chunk)
    at, shown = 10, 0
    for _ in range(count):
        first, last, way, repeat, *color = struct.unpack_from("<HHBH6x3B", chunk, at)
        (length,) = struct.unpack_from("<H", chunk, at + 17)
        name = chunk[at + 19 : at + 19 + length].decode("utf-8")
        if not first <= last < frames:
            raise InputError(f"tag {_told(name)} names frames that are not there")
        shown += last - first + 1
        if shown > MAX_SHOWN * frames:
            raise InputError(f"tags show its {frames} frames more than {MAX_SHOWN} times over")
        direction = DIRECTIONS[way if way < len(DIRECTIONS) else 0]
        red, green, blue = color
        yield Tag(name, first, last, direction, repeat, (red, green, blue))
        at += 19 + length


def _noted(tag: Tag, chunk: bytes) -> Tag:
    """A tag with its user data: text and colour, which is the tag's own in newer files."""
    (flags,) = struct.unpack_from("<I", chunk)
    end = 4 + (2 + struct.unpack_from("<H", chunk, 4)[0] if flags & 1 else 0)
    if flags & 2:
        tag = tag._replace(color=struct.unpack_from("<3B", chunk, end))
        end += 4
    # Properties lead to extensions by numbers that are this file's alone.
    return tag._replace(note=struct.pack("<I", flags & 3) + chunk[4:end])
