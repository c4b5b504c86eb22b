"""Drawing until pictures are new: what lies too near to a training sprite is drawn again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.data.neighbours import SpriteIndex
from pxgen.errors import PxgenError
from pxgen.sampling.engine import PictureRequest

GROUP = 64
"""Pictures that wait for one another."""
MAX_TRIES = 100
"""Draws for one picture before giving up."""


def novel(
    requests: Sequence[PictureRequest],
    draw: Callable[[list[PictureRequest]], Iterator[IndexMaps]],
    *,
    known: SpriteIndex,
    distance: int,
    stride: int,
) -> Iterator[tuple[int, IndexMaps]]:
    """Pictures that are new, in the order of the requests, and the number each was drawn with.

    The next number of a picture that is not new lies ``stride`` further, where it is no other's:
    what a shard draws does not depend on the other shards. A new picture differs from each of the
    ``known`` sprites in ``distance`` pixels at least.

    Raises:
        PxgenError: one is never new.
    """
    for start in range(0, len(requests), GROUP):
        group = requests[start : start + GROUP]
        found: dict[int, tuple[int, IndexMaps]] = {}
        waiting = dict(enumerate(group))
        for _ in range(MAX_TRIES):
            pictures = list(draw(list(waiting.values())))
            gaps = known.distances(np.stack(pictures))
            slots = list(waiting.items())
            for (slot, request), picture, gap in zip(slots, pictures, gaps, strict=True):
                if gap >= distance:
                    found[slot] = request.number, picture
                    del waiting[slot]
                else:
                    waiting[slot] = request._replace(number=request.number + stride)
            if not waiting:
                break
        else:
            raise PxgenError(
                f"{MAX_TRIES} draws in a row lie nearer than {distance} pixels to a training "
                "sprite: ask for less with --novel, or raise --temperature"
            )
        yield from (found[slot] for slot in range(len(group)))
