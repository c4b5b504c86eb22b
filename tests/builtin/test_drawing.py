"""The built-in characters: enough of them, all different, the same from the same seed."""

import hashlib

import numpy as np
import pytest

from pxgen import builtin
from pxgen.builtin import HEADS
from pxgen.builtin.drawing import _shuffled, _turns
from pxgen.builtin.heads.art import drawings
from pxgen.builtin.heads.kinds import EXCLUDED, KINDS
from pxgen.builtin.reading import KindReader
from pxgen.builtin.space import labels_of
from pxgen.errors import UsageError
from tests.support.readable import assert_readable

FIRST_STILLS = "ff93e4ea516eb40d62d22f137c9ed606d6114a90d5ce20d6c3264bb97d70fff7"
"""SHA-256 of the first 200 stills of seed 0; the starter models were trained on these pixels."""


def drawn(n, seed, **options):
    pixels, labels = zip(*builtin.generate(n, seed, **options), strict=True)
    return np.concatenate(pixels), np.concatenate(labels)


def test_there_are_enough_kinds_attributes_combinations_and_few_colours():
    attributes = HEADS.labels[len(HEADS.kind_names) :]
    assert len(builtin.PALETTE) <= 32
    assert len(set(builtin.PALETTE.hex)) == len(builtin.PALETTE)
    assert len(HEADS.kind_names) >= 8
    assert len(attributes) >= 40
    assert HEADS.count > 100_000
    assert (*HEADS.kind_names, *sorted(attributes)) == HEADS.labels == labels_of(KINDS)
    assert len(set(HEADS.labels)) == len(HEADS.labels)


def test_draws_are_index_maps_in_the_palette_with_every_label_shown():
    pixels, labels = drawn(5000, 3)
    assert pixels.shape == (5000, 1, 24, 24)
    assert labels.shape == (5000, len(HEADS.labels))
    assert pixels.dtype == labels.dtype == np.uint8
    assert pixels.max() < len(builtin.PALETTE)
    assert labels.any(axis=0).all()
    assert (labels[:, : len(HEADS.kind_names)].sum(axis=1) == 1).all()


def test_every_drawing_and_every_palette_colour_is_used():
    options = {option for kind in KINDS for slot in kind.slots for option in slot}
    parts = {f"{kind.name}.{part}" for kind in KINDS for part in ("head", "body")}
    assert set(drawings()) <= options | parts
    assert options - {""} <= set(drawings())
    pixels, _ = drawn(2000, 0)
    assert set(np.unique(pixels)) == set(range(len(builtin.PALETTE)))


def test_kinds_take_turns_and_options_are_equally_likely():
    _, labels = drawn(20_000, 1)
    shares = dict(zip(HEADS.labels, labels.sum(axis=0), strict=True))
    assert {shares[kind] for kind in HEADS.kind_names} == {2000}
    robots = labels[labels[:, HEADS.labels.index("robot")] == 1]
    slot = [HEADS.labels.index(name) for name in KINDS[1].slots[1]]
    counts = robots[:, slot].sum(axis=0)
    assert counts.sum() == 2000
    assert abs(counts - counts.mean()).max() < 5 * counts.mean() ** 0.5


def test_all_stills_of_a_seed_differ():
    pixels, labels = drawn(30_000, 2)
    assert len({still.tobytes() for still in pixels}) == len(pixels)
    assert len({marks.tobytes() for marks in labels}) == len(labels)


def test_numbering_reaches_every_combination_of_every_kind_once():
    kinds, turns = _turns(HEADS, np.arange(HEADS.count))
    for place, space in enumerate(HEADS.spaces):
        assert np.array_equal(np.sort(turns[kinds == place]), np.arange(space.count))
    smallest = min(HEADS.spaces, key=lambda space: space.count)
    ranks = _shuffled(np.arange(smallest.count), smallest.count, 5, 0)
    assert np.array_equal(np.sort(ranks), np.arange(smallest.count))
    rows = smallest.choices(ranks)
    assert len(np.unique(rows, axis=0)) == smallest.count


def test_a_character_depends_on_seed_and_number_alone():
    whole, labels = drawn(2500, 7)
    parts = [drawn(n, 7, start=start) for start, n in ((0, 1), (1, 1500), (1501, 999))]
    assert np.array_equal(np.concatenate([pixels for pixels, _ in parts]), whole)
    assert np.array_equal(np.concatenate([marks for _, marks in parts]), labels)
    assert not np.array_equal(drawn(50, 8)[0], whole[:50])
    assert not np.array_equal(drawn(50, -7)[0], whole[:50])


def test_chunks_are_bounded_in_memory():
    assert max(pixels.nbytes for pixels, _ in builtin.generate(3000, 0)) <= 2**20
    assert max(pixels.nbytes for pixels, _ in builtin.generate(300, 0, frames=8)) <= 2**20


def test_more_than_all_characters_is_refused_and_the_last_one_is_not():
    last = HEADS.count - 1
    assert len(drawn(1, 0, start=last)[0]) == 1
    with pytest.raises(UsageError, match=str(HEADS.count)):
        builtin.generate(2, 0, start=last)
    with pytest.raises(UsageError, match="1 or 8 frames"):
        builtin.generate(2, 0, frames=3)


def test_no_characters_is_no_chunks():
    assert list(builtin.generate(0, 0)) == []


def test_loops_start_with_the_still_and_move():
    stills, labels = drawn(400, 4)
    loops, same = drawn(400, 4, frames=HEADS.phases)
    assert loops.shape == (400, 8, 24, 24)
    assert np.array_equal(loops[:, :1], stills)
    assert np.array_equal(labels, same)
    moving = [len({frame.tobytes() for frame in loop}) for loop in loops]
    assert min(moving) >= 4
    assert np.mean(moving) > 6


@pytest.mark.parametrize("stack", HEADS.stacks, ids=HEADS.kind_names)
def test_every_choice_shows_in_pixels_that_no_other_choice_touches(stack):
    for phase in range(HEADS.phases):
        assert_readable(KindReader(stack, phase))


def test_excluded_pairs_exist_and_never_appear_together():
    _, labels = drawn(60_000, 6)
    for pair in EXCLUDED:
        a, b = (labels[:, HEADS.labels.index(name)] for name in pair)
        assert a.any()
        assert b.any()
        assert not (a & b).any()


def test_the_stills_that_models_were_trained_on_stay_as_they_are():
    pixels, labels = drawn(200, 0)
    assert hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest() == FIRST_STILLS
