"""Indexed PNG files: an index map and its palette written as they are, and read back the same."""

from __future__ import annotations

import io
import os
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from pxgen.arrays import IndexMaps, Rgba
from pxgen.errors import InputError, PxgenError
from pxgen.palette.png_chunks import chunk, indexed_png
from pxgen.palette.table import Palette


def encode_png(indices: IndexMaps, palette: Palette) -> bytes:
    """An 8-bit indexed PNG of an ``(H, W) uint8`` map, with every palette entry in order.

    The same arguments give the same bytes: nothing is optimised, reordered or dated.

    Raises:
        PxgenError: an index is outside the palette or the map is not a picture.
    """
    if indices.ndim != 2 or not indices.size or indices.dtype != np.uint8:
        raise PxgenError(f"a PNG holds one (H, W) uint8 map, not {indices.dtype} {indices.shape}")
    if int(indices.max()) >= len(palette):
        raise PxgenError(f"index {indices.max()} is outside a palette of {len(palette)} entries")
    height, width = indices.shape
    return indexed_png((height, width), palette_chunks(palette), pixel_data(indices))


def decode_png(source: str | os.PathLike[str] | bytes) -> tuple[IndexMaps, Palette]:
    """The ``(H, W) uint8`` indices and the palette of an indexed PNG, exactly as stored.

    Raises:
        InputError: not a readable indexed PNG with transparent at entry 0.
    """
    # Sampling only writes; it should not wait for Pillow to load.
    from PIL import Image

    where = "the PNG data" if isinstance(source, bytes) else str(source)
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            indices = np.asarray(image, dtype=np.uint8).copy()
            mode, colors = image.mode, image.getpalette("RGB")
            alpha = image.info.get("transparency", b"")
    except OSError as error:
        raise InputError(f"cannot read {where} as a PNG: {error}") from error
    except (SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{where} is not a usable PNG: {error}") from error
    if mode != "P" or colors is None:
        raise InputError(f"{where} is not an indexed PNG (its mode is {mode})")
    table = np.full((len(colors) // 3, 4), 255, np.uint8)
    table[:, :3] = np.array(colors, np.uint8).reshape(-1, 3)
    set_alpha(table, alpha)
    try:
        palette = Palette(table)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    if int(indices.max()) >= len(palette):
        raise InputError(f"{where} has index {indices.max()}, its palette {len(palette)} entries")
    return indices, palette


def set_alpha(table: Rgba, transparency: object) -> None:
    """Give ``(K, 4)`` rows the transparency that Pillow reads: an index, or alpha as bytes."""
    if isinstance(transparency, bytes):
        alpha = np.frombuffer(transparency, np.uint8)[: len(table)]
        table[: len(alpha), 3] = alpha
    elif isinstance(transparency, int) and transparency < len(table):
        table[transparency, 3] = 0


@lru_cache(maxsize=8)
def palette_chunks(palette: Palette) -> bytes:
    """PLTE and tRNS; entries after the last translucent one are opaque by the format's rule."""
    alpha = palette.rgba[:, 3]
    translucent = int(np.flatnonzero(alpha != 255)[-1]) + 1
    colors = chunk(b"PLTE", palette.rgba[:, :3].tobytes())
    return colors + chunk(b"tRNS", alpha[:translucent].tobytes())


def pixel_data(indices: IndexMaps) -> bytes:
    """The content of IDAT: the compressed scan lines of an ``(H, W) uint8`` map."""
    height, width = indices.shape
    rows = np.zeros((height, width + 1), np.uint8)  # byte 0 of each row is filter type 0, "none"
    rows[:, 1:] = indices
    return zlib.compress(rows.tobytes(), 9)
