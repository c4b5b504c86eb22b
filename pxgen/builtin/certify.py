"""The certifier: an exact test whether an index map is a legal character, and its labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.builtin.art import FRAMES, SIZE
from pxgen.builtin.compose import PIXELS
from pxgen.builtin.reading import CharacterFit, candidates
from pxgen.errors import UsageError


@dataclass(frozen=True)
class Certificate:
    """The verdict on an index map."""

    legal: bool
    """True of exactly a legal character: a frame of one, or a stretch of its loop."""
    kind: str
    """The kind of the nearest character found."""
    label_names: frozenset[str]
    """Of the nearest character found, kind included."""
    distance: int
    """Pixels that differ from the nearest character found; 0 when legal."""
    phase: int
    """The frame of the loop that the map, or the clip's first frame, is nearest to."""


def certify(index_map: IndexMaps) -> Certificate:
    """Judge a still ``(24, 24)`` or a clip ``(T, 24, 24)`` of palette indices.

    A still is legal when it is any of the eight frames of a character's loop; frame 0 is preferred
    where frames look the same. A clip is legal when its frames follow each other in one
    character's loop, from whatever frame it starts.

    Raises:
        UsageError: another shape.
    """
    frames = np.asarray(index_map)
    if frames.ndim not in (2, 3) or frames.shape[-2:] != (SIZE, SIZE) or not len(frames):
        raise UsageError(f"the certifier judges {SIZE} x {SIZE} index maps, not {frames.shape}")
    frames = frames.reshape(-1, PIXELS)
    fits = [_read(frame) for frame in frames]
    fit = fits[0] if len(fits) == 1 else _joined(frames, fits)
    space = fit.stack.space
    return Certificate(
        legal=fit.distance == 0,
        kind=space.kind.name,
        label_names=space.names(fit.row),
        distance=fit.distance,
        phase=fit.phase,
    )


def _read(pixels: IndexMaps) -> CharacterFit:
    """The character nearest to one frame, among the kinds, colours and phases that fit best."""
    nearest: list[CharacterFit] = []
    for reader, colors in candidates(pixels):
        fit = reader.read(pixels, colors)
        if fit.distance == 0:
            return fit
        nearest.append(fit)
    return min(nearest, key=lambda fit: fit.distance).in_phase(pixels).improved(pixels)


def _joined(frames: IndexMaps, fits: list[CharacterFit]) -> CharacterFit:
    """The reading of one frame, at the starting phase, that explains the whole clip best."""
    explained = []
    for fit in {(id(r.stack), r.row.tobytes()): r for r in fits}.values():
        loop = fit.stack.compose(fit.row[None], slice(FRAMES))[0]
        for phase in range(FRAMES):
            order = (np.arange(len(frames)) + phase) % FRAMES
            distance = int((loop[order] != frames).sum())
            explained.append(replace(fit, phase=phase, distance=distance))
    return min(explained, key=lambda fit: fit.distance)
