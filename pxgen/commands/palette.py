"""The verbs of ``pxgen palette``: list, show, convert and extract."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from pxgen.arrays import I64, Rgba
from pxgen.commands.watching import counted
from pxgen.errors import InputError, Remark, unsaid
from pxgen.ingest.images import is_image, read_image
from pxgen.ingest.walk import find_files
from pxgen.palette.formats import FORMATS, read_colors
from pxgen.palette.library import find_palette, names
from pxgen.palette.oklab import OPAQUE
from pxgen.palette.quantize import build_palette, loss_report, suggest_count
from pxgen.palette.table import MAX_COLORS, Palette, pack, sum_counts, unpack
from pxgen.render.terminal import ColorDepth, color_depth, sprite_lines, swatch_lines

_MERGE_AT = 1 << 20
_PALETTE_SUFFIXES = {each.suffix for each in FORMATS}


@dataclass(frozen=True)
class Extraction:
    """A palette taken from images, and its loss on them."""

    palette: Palette
    distinct: int
    """Visible colours in the images."""
    decibels: float
    """PSNR over the visible pixels, infinite if exact."""
    exact_share: float
    """Share of visible pixels that keep their exact colour."""
    suggestion: int
    """A number of colours worth asking for."""


def list_lines(stream: IO[str], environ: Mapping[str, str]) -> list[str]:
    """A line for each shipped palette: its name, its number of colours and, in colour, a strip."""
    depth = color_depth(stream, environ)
    palettes = [find_palette(name) for name in names()]
    width = max((len(palette.name) for palette in palettes), default=0)
    lines = [f"{palette.name:<{width}}  {len(palette) - 1:>3}" for palette in palettes]
    if depth is ColorDepth.PLAIN:
        return lines
    return [
        f"{line}  {_strip(palette, depth)}" for line, palette in zip(lines, palettes, strict=True)
    ]


def show_lines(
    palette: str | os.PathLike[str], stream: IO[str], environ: Mapping[str, str]
) -> list[str]:
    """The colours of a shipped palette or palette file, drawn under its name where possible.

    Where ``stream`` shows no colour the lines are a palette file.

    Raises:
        UsageError: no such palette.
        InputError: the file is no good palette.
    """
    found = find_palette(palette)
    depth = color_depth(stream, environ)
    title = [] if depth is ColorDepth.PLAIN else [f"{found.name} ({len(found) - 1} colours)"]
    return title + swatch_lines(found, depth=depth)


def extract(
    images: Iterable[Path],
    colors: int | None = None,
    seed: int = 0,
    remark: Remark = unsaid,
) -> Extraction:
    """A palette of the colours in ``images``.

    Args:
        images: picture files, or folders of them, of which every frame counts; palette files,
            of which every entry counts as a pixel.
        colors: how many at most. Without it all of them, or the best 255 where there are more.
        seed: starts the reduction; equal seeds make equal palettes.
        remark: takes a line each half-minute.

    Raises:
        InputError: an image cannot be read, or none has a visible pixel.
        UsageError: ``colors`` is not 1 to 255.
    """
    table, counts = _census(images, remark)
    if not len(table):
        raise InputError("the images have no visible pixels, so there are no colours to extract")
    palette = build_palette(table, counts, MAX_COLORS - 1 if colors is None else colors, seed)
    loss = loss_report(table, counts, palette)
    suggestion = len(palette) - 1 if loss.exact_share == 1 else suggest_count(table, counts, seed)
    return Extraction(palette, len(table), loss.psnr, loss.exact_share, suggestion)


def _strip(palette: Palette, depth: ColorDepth) -> str:
    row = np.arange(1, len(palette), dtype=np.uint8)
    return sprite_lines(np.stack([row, row]), palette, depth=depth)[0]


def _colors(path: Path) -> Rgba:
    """``(N, 4)``: the colours of all pixels, or those of a palette file."""
    if path.suffix.lower() in _PALETTE_SUFFIXES and not is_image(path):
        return np.array(read_colors(path), np.uint8).reshape(-1, 4)
    return read_image(path).rgba.reshape(-1, 4)


def _census(images: Iterable[Path], remark: Remark) -> tuple[Rgba, I64]:
    """Every visible colour of the images, made opaque, and its number of pixels."""
    keys = np.empty(0, np.uint32)
    counts = np.empty(0, np.int64)
    for file in counted(find_files(list(images)).files, "files read", remark):
        rgba = _colors(file.path)
        visible = rgba[rgba[:, 3] >= OPAQUE]
        found, pixels = np.unique(pack(visible) | np.uint32(255), return_counts=True)
        keys, counts = np.concatenate([keys, found]), np.concatenate([counts, pixels])
        if len(keys) > _MERGE_AT:
            keys, counts = sum_counts(keys, counts)
    keys, counts = sum_counts(keys, counts)
    return unpack(keys), counts
