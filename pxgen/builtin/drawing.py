"""Any number of distinct characters from a seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pxgen.arrays import I64, U64, IndexMaps, Marks
from pxgen.builtin.cast import Cast
from pxgen.builtin.heads import HEADS
from pxgen.errors import UsageError

_CHUNK_PIXELS = 1024 * 576
_ROUNDS = 6


def generate(
    n: int, seed: int, *, cast: Cast = HEADS, frames: int | None = None, start: int = 0
) -> Iterator[tuple[IndexMaps, Marks]]:
    """Generate characters ``start .. start + n - 1`` of the endless-looking row that a seed makes.

    Character ``i`` depends on ``seed`` and ``i`` alone, whatever was asked beside it, and no two
    characters of one seed are alike: each kind's combinations are visited in an order that the
    seed shuffles. The kinds take turns, so any stretch holds them in equal numbers until the
    smaller ones are used up; every option of a slot is equally likely.

    Args:
        n: how many characters.
        seed: any integer.
        cast: which of the built-in sets.
        frames: one of ``cast.frames``; the first when None. Heads: 1 for stills, 8 for idle loops.
        start: the number of the first character.

    Yields:
        ``(m, frames, H, W) uint8`` palette indices and ``(m, L) uint8`` marks of ``cast.labels``,
        in chunks of bounded size.

    Raises:
        UsageError: more characters than exist, or frames that the cast has not.
    """
    frames = frames or cast.frames[0]
    if frames not in cast.frames:
        lengths = " or ".join(map(str, cast.frames))
        raise UsageError(f"built-in {cast.name} have {lengths} frames, not {frames}")
    if n < 0 or start < 0 or start + n > cast.count:
        raise UsageError(
            f"there are {cast.count} built-in {cast.name}; numbers {start} to {start + n - 1} "
            "reach beyond them: ask for fewer"
        )
    phases, end = frames // cast.picture[0], start + n
    step = _CHUNK_PIXELS // (cast.pixels * phases)
    chunks = (np.arange(i, min(i + step, end), dtype=np.int64) for i in range(start, end, step))
    return (_characters(cast, numbers, seed, phases) for numbers in chunks)


def _characters(cast: Cast, numbers: I64, seed: int, phases: int) -> tuple[IndexMaps, Marks]:
    frames = (phases * cast.picture[0], *cast.size)
    pixels = np.empty((len(numbers), *frames), np.uint8)
    marks = np.empty((len(numbers), len(cast.labels)), np.uint8)
    kinds, turns = _turns(cast, numbers)
    for number, (space, stack) in enumerate(zip(cast.spaces, cast.stacks, strict=True)):
        rows = np.flatnonzero(kinds == number)
        choices = space.choices(_shuffled(turns[rows], space.count, seed, number))
        drawn = stack.compose(choices, slice(phases))
        pixels[rows] = drawn.reshape(len(rows), *frames)
        marks[rows] = space.marks(choices)
    return pixels, marks


def _turns(cast: Cast, numbers: I64) -> tuple[I64, I64]:
    """The kind of each character, and how many of that kind stand before it.

    The kinds take turns; when the smallest is used up, the others go on.
    """
    counts = np.array([space.count for space in cast.spaces])
    kinds, turns = np.empty_like(numbers), np.empty_like(numbers)
    before, used = 0, 0
    for level in np.unique(counts):
        alive = np.flatnonzero(counts >= level)
        after = before + (level - used) * len(alive)
        here = (numbers >= before) & (numbers < after)
        turn, seat = np.divmod(numbers[here] - before, len(alive))
        kinds[here], turns[here] = alive[seat], turn + used
        before, used = after, level
    return kinds, turns


def _shuffled(ranks: I64, count: int, seed: int, kind: int) -> I64:
    """A permutation of ``0 .. count - 1`` that seed and kind choose, applied to ``ranks``.

    A balanced Feistel network permutes a power of four above ``count``; what lands outside is
    sent through again until it lands inside, which keeps it a permutation without any memory.
    """
    half = max(1, (int(count - 1).bit_length() + 1) // 2)
    entropy = [abs(seed), int(seed < 0), kind]
    keys: U64 = np.random.SeedSequence(entropy).generate_state(_ROUNDS, np.uint64).view(np.uint64)
    values = _feistel(ranks.astype(np.uint64), half, keys)
    while (outside := values >= count).any():
        values[outside] = _feistel(values[outside], half, keys)
    return values.astype(np.int64)


def _feistel(values: U64, half: int, keys: U64) -> U64:
    mask = np.uint64((1 << half) - 1)
    left, right = values >> np.uint64(half), values & mask
    for key in keys:
        left, right = right, left ^ (_mixed(right ^ key) & mask)
    return (left << np.uint64(half)) | right


def _mixed(values: U64) -> U64:
    """The finaliser of SplitMix64: every input bit reaches every output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
