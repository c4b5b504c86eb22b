"""Drawing until pictures are new: what lies too near to a training sprite is drawn again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.data.dataset import Dataset
from pxgen.data.neighbours import SpriteIndex
from pxgen.errors import PxgenError
from pxgen.sampling.engine import PictureRequest

TOGETHER = 64
"""Pictures that wait for one another."""
TRIES = 100
"""Draws for one picture before giving up."""


class Novelty(NamedTuple):
    """What counts as new."""

    crowd: SpriteIndex
    """The training sprites."""
    distance: int
    """Pixels in which a picture must differ from each of them, at least."""
    stride: int
    """From a picture's number to the next that is tried for it."""

    @classmethod
    def beyond(cls, dataset: Dataset, distance: int, stride: int) -> Novelty:
        """New to the training sprites of a dataset."""
        return cls(SpriteIndex(dataset, dataset.train), distance, stride)


def novel(
    requests: Sequence[PictureRequest],
    novelty: Novelty,
    draw: Callable[[list[PictureRequest]], Iterator[IndexMaps]],
) -> Iterator[tuple[int, IndexMaps]]:
    """Pictures that are new, in the order of the requests, and the number each was drawn with.

    The next number of a picture that is not new lies ``stride`` further, where it is no other's:
    what a shard draws does not depend on the other shards.

    Raises:
        PxgenError: one is never new.
    """
    for start in range(0, len(requests), TOGETHER):
        group = requests[start : start + TOGETHER]
        found: dict[int, tuple[int, IndexMaps]] = {}
        waiting = dict(enumerate(group))
        for _ in range(TRIES):
            pictures = list(draw(list(waiting.values())))
            distances = novelty.crowd.distances(np.stack(pictures))
            slots = list(waiting.items())
            for (slot, request), picture, distance in zip(slots, pictures, distances, strict=True):
                if distance >= novelty.distance:
                    found[slot] = request.number, picture
                    del waiting[slot]
                else:
                    waiting[slot] = request._replace(number=request.number + novelty.stride)
            if not waiting:
                break
        else:
            raise PxgenError(
                f"{TRIES} draws in a row lie nearer than {novelty.distance} pixels to a training "
                "sprite: ask for less with --novel, or raise --temperature"
            )
        yield from (found[slot] for slot in range(len(group)))
