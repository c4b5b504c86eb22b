"""Sprites on one palette: their files' own, all their colours as they come, or fewer of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pxgen.arrays import IndexMaps, Rgba
from pxgen.errors import InputError, Remark, UsageError
from pxgen.ingest.file_sprites import Sprite
from pxgen.ingest.indexed import IndexedSprite
from pxgen.palette import MAX_COLORS, Palette
from pxgen.palette.dither import dither
from pxgen.palette.local import united
from pxgen.palette.oklab import OPAQUE
from pxgen.palette.quantize import build_palette, error_text, loss_report
from pxgen.palette.table import sum_counts, unpack

Shown = tuple[IndexMaps, Palette]
"""``(T, H, W) uint8`` indices, and the palette that they are of."""


def on_tables(sprites: Sequence[Sprite], table: Rgba | None) -> list[Shown]:
    """Every sprite on the table that all files share, or else each in its own colours.

    Raises:
        InputError: a sprite has more colours than a palette holds.
    """
    indexed = [IndexedSprite.of(sprite.rgba) for sprite in sprites]
    # A table that leaves transparent no place is no palette; the colours in use may be one.
    if table is not None and (table[:, 3] != 0).sum() < MAX_COLORS:
        shared = Palette.of(table.tolist())
        drawn = [each.onto(shared) for each in indexed]
        if not any(lacking for _, lacking in drawn):
            return [(maps, shared) for maps, _ in drawn]
    own = []
    for sprite, each in zip(sprites, indexed, strict=True):
        if (count := len(each.visible)) >= MAX_COLORS:
            raise InputError(
                f"{sprite.name}: {count} colours, a palette holds {MAX_COLORS - 1}: reduce them "
                "with --colors"
            )
        palette = each.own_palette()
        own.append((each.onto(palette)[0], palette))
    return own


def on_one(shown: Sequence[Shown]) -> list[Shown]:
    """Every sprite on a palette of the colours of all.

    Raises:
        UsageError: they are more than one file can hold.
    """
    if all(palette == shown[0][1] for _, palette in shown):
        return [*shown]
    try:
        maps, palette = united(shown)
    except UsageError as error:
        raise UsageError(f"{error}; --colors reduces them") from None
    return [(each, palette) for each in maps]


def on_palette(
    sprites: Sequence[Sprite], palette: Palette | int, method: str, report: Remark
) -> list[Shown] | None:
    """Every sprite on a palette, or on so many of all their colours; tells what that changes.

    None where the sprites have no more colours than that: nothing needs to be reduced.
    """
    indexed = [IndexedSprite.of(sprite.rgba) for sprite in sprites]
    packed, counts = sum_counts(
        np.concatenate([each.colors for each in indexed]),
        np.concatenate([each.counts() for each in indexed]),
    )
    colors = unpack(packed)
    visible = colors[:, 3] > 0
    soft = visible & (colors[:, 3] < 255)
    if isinstance(palette, int):
        if visible.sum() <= palette:
            return None
        palette = build_palette(colors, counts, palette)
    known = palette.lookup(colors)[1]
    shown = [(_mapped(each, palette, method), palette) for each in indexed]
    if not known.all():
        loss = loss_report(colors[visible], counts[visible], palette)
        used = np.unique(np.concatenate([np.unique(maps) for maps, _ in shown]))
        left = np.count_nonzero(used)
        report(
            f"{visible.sum()} colours become {left}: {loss.exact_share:.1%} of the "
            f"visible pixels keep theirs exactly, {error_text(loss.psnr, method)}"
        )
    if hardened := int((soft & ~known).sum()):
        report(f"{hardened} half-transparent colours are clear under half alpha, the others opaque")
    return shown


def _mapped(sprite: IndexedSprite, palette: Palette, method: str) -> IndexMaps:
    colors = unpack(sprite.colors)
    known = palette.lookup(colors)[1]
    hard = np.where(colors[:, 3] < OPAQUE, 0, 255)
    colors[:, 3] = np.where(known, colors[:, 3], hard)
    return dither(colors[sprite.indices], palette, method)
