"""Groups of sprites that belong together, and the split into training and held-out ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bytes
from pxgen.data.dataset import HELD_OUT, TRAIN
from pxgen.data.duplicates import canonical_hash
from pxgen.ingest.indexed import IndexedSprite

Together = Literal["likes", "file", "folder"]
MAX_KEY = np.iinfo(np.uint64).max


SPLITS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("test", "testing", "val", "valid", "validation"), HELD_OUT),
}
"""Folders that are a side of a split, in any case of letters."""


def split_level(parents: Sequence[Sequence[str]]) -> int | None:
    """The level of folders at which every sprite lies in one of :data:`SPLITS`, on either side.

    ``parents`` are the folders above each sprite, outermost first.
    """
    for level in range(min(map(len, parents), default=0)):
        sides = [SPLITS.get(parts[level].casefold()) for parts in parents]
        if {*sides} == {TRAIN, HELD_OUT}:
            return level
    return None


def folder_sides(names: Sequence[str]) -> list[int] | None:
    """The side of the split of each file of these names, where folders tell it."""
    parents = [name.split("/")[:-1] for name in names]
    level = split_level(parents)
    return None if level is None else [SPLITS[parts[level].casefold()] for parts in parents]


def _hash64(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def exact_key(sprite: IndexedSprite) -> int:
    """64 bits that are equal for sprites equal in every pixel."""
    size = repr(sprite.size).encode()
    return _hash64(size + sprite.colors.tobytes() + sprite.indices.tobytes())


def family_key(sprite: IndexedSprite, enlarged: int) -> int:
    """64 bits that are equal for copies, mirrors, recolours, shifts and enlargements of a sprite.

    The sprite is shrunk by its own enlargement before its form is taken.
    """
    drawn = sprite.indices[:, ::enlarged, ::enlarged]
    return canonical_hash(drawn, len(sprite.colors), clear=bool(sprite.colors[0] == 0))


def origin_keys(names: Sequence[str], together: Together) -> list[int]:
    """64 bits a sprite, equal where files of these names are the same or of one outermost folder.

    A file outside any folder stands for itself.
    """
    if together == "folder":
        names = [name.partition("/")[0] for name in names]
    keys = {name: _hash64(name.encode()) for name in dict.fromkeys(names)}
    return [keys[name] for name in names]


def joined(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Connected components: one key for all sprites linked by equal keys of either kind.

    Where the second kind links nothing more, each sprite keeps its first key.
    """
    own = np.array(first, np.uint64)
    groups = [
        np.unique(np.array(keys, np.uint64), return_inverse=True)[1] for keys in (first, second)
    ]
    while True:
        before = own
        for group in groups:
            least = np.full(int(group.max(initial=-1)) + 1, MAX_KEY, np.uint64)
            np.minimum.at(least, group, own)
            own = least[group]
        if np.array_equal(own, before):
            return [int(key) for key in own]


def groups_of(keys: Sequence[int]) -> NDArray[np.int32]:
    """``(N,) int32`` group numbers, counted by first occurrence, of sprites with equal keys."""
    _, first, inverse = np.unique(np.array(keys, np.uint64), return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[inverse]


def split_of(keys: Sequence[int], share: float, seed: int) -> Bytes:
    """``(N,) uint8`` sides of the split; about ``share`` of the groups are held out.

    A group's side depends on its key and the seed alone, so added sprites move no others. Only
    where chance leaves one side empty the group nearest to it changes over.
    """
    distinct, inverse = np.unique(np.array(keys, np.uint64), return_inverse=True)
    uniform = np.array([_uniform(int(key), seed) for key in distinct])
    held = uniform < share
    if share > 0 and len(distinct) > 1:
        if not held.any():
            held[uniform.argmin()] = True
        elif held.all():
            held[uniform.argmax()] = False
    elif len(distinct) == 1:
        held[:] = False
    return np.where(held[inverse], HELD_OUT, TRAIN).astype(np.uint8)


def _uniform(key: int, seed: int) -> float:
    """A hash of key and seed in [0, 1)."""
    content = key.to_bytes(8, "little") + seed.to_bytes(8, "little", signed=True)
    return _hash64(content) / 2**64
