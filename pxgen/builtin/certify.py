"""The certifier: an exact test whether an index map is a legal character, and its labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.builtin.cast import Cast
from pxgen.builtin.heads import HEADS
from pxgen.builtin.reading import CharacterFit, candidates
from pxgen.errors import UsageError


@dataclass(frozen=True)
class Certificate:
    """The verdict on an index map."""

    legal: bool
    """True of exactly a legal character: a still or all of one, or a stretch of its loop."""
    kind: str
    """The kind of the nearest character found."""
    label_names: frozenset[str]
    """Of the nearest character found, kind included."""
    distance: int
    """Pixels that differ from the nearest character found; 0 when legal."""
    phase: int
    """The frame of the loop that the map, or the clip's first frame, is nearest to."""


def certify(index_map: IndexMaps, cast: Cast = HEADS) -> Certificate:
    """Judge palette indices: a head ``(24, 24)`` or ``(T, 24, 24)``, a figure ``(16, 24, 16)``.

    A still head is legal when it is any of the eight frames of a character's loop; frame 0 is
    preferred where frames look the same. A clip of heads is legal when its frames follow each
    other in one character's loop, from whatever frame it starts. A figure is legal when all its
    frames are those of one character, in their order.

    Raises:
        UsageError: another shape.
    """
    maps = np.asarray(index_map)
    length = cast.picture[0]
    whole = cast.phases > 1 or maps.shape == cast.picture
    if maps.ndim not in (2, 3) or maps.shape[-2:] != cast.size or not len(maps) or not whole:
        height, width = cast.size
        form = f"{length} frames of " if length > 1 else ""
        raise UsageError(
            f"the certifier judges {form}{height} x {width} index maps, not {maps.shape}"
        )
    pictures = maps.reshape(-1, cast.pixels)
    fits = [_read(cast, picture) for picture in pictures]
    fit = fits[0] if len(fits) == 1 else _joined(pictures, fits)
    space = fit.stack.space
    return Certificate(
        legal=fit.distance == 0,
        kind=space.kind.name,
        label_names=space.names(fit.row),
        distance=fit.distance,
        phase=fit.phase,
    )


def _read(cast: Cast, pixels: IndexMaps) -> CharacterFit:
    """The character nearest to one picture, among the kinds, colours and phases that fit best."""
    nearest: list[CharacterFit] = []
    for reader, colors in candidates(cast, pixels):
        fit = reader.read(pixels, colors)
        if fit.distance == 0:
            return fit
        nearest.append(fit)
    return min(nearest, key=lambda fit: fit.distance).in_phase(pixels).improved(pixels)


def _joined(pictures: IndexMaps, fits: list[CharacterFit]) -> CharacterFit:
    """The reading of one picture, at the starting phase, that explains the whole clip best."""
    explained = []
    for fit in {(id(r.stack), r.row.tobytes()): r for r in fits}.values():
        phases = fit.stack.phases
        loop = fit.stack.compose(fit.row[None], slice(phases))[0]
        for phase in range(phases):
            order = (np.arange(len(pictures)) + phase) % phases
            distance = int((loop[order] != pictures).sum())
            explained.append(replace(fit, phase=phase, distance=distance))
    return min(explained, key=lambda fit: fit.distance)
