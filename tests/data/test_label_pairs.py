"""Pairs of labels that exclude each other, by counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.data import label_pairs
from pxgen.data.label_pairs import exclusive_pairs


def sprites(*rows: str, times: int, others: int = 12) -> np.ndarray:
    """Signs such as ``"10?"``, ``times`` of each: further labels make every set another one."""
    known = {"1": 1, "0": -1, "?": 0}
    signs = np.array([[known[mark] for mark in row] for row in rows], np.int8)
    numbers = np.arange(len(rows) * times)
    bits = (numbers[:, None] >> np.arange(others)) & 1
    return np.concatenate([np.tile(signs, (times, 1)), 2 * bits.astype(np.int8) - 1], 1)


def pairs_of(signs: np.ndarray, group: np.ndarray | None = None) -> np.ndarray:
    """Of the first three labels."""
    group = np.arange(len(signs), dtype=np.int32) if group is None else group
    return exclusive_pairs([signs[:5], signs[5:]], group)[:3, :3]


@pytest.mark.parametrize("chunk", [7, 1000])
def test_labels_exclude_each_other_where_chance_would_have_shown_them_together(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three labels the first two never meet; the third goes with either."""
    monkeypatch.setattr(label_pairs, "CHUNK", chunk)
    rows = ("100", "010", "101", "011")
    for times, found in ((15, 0), (16, 1)):
        # Half of the sets hold each: a quarter would hold both, sixteen of 64.
        expected = np.zeros((3, 3))
        expected[0, 1] = expected[1, 0] = found
        assert np.array_equal(pairs_of(sprites(*rows, times=times)), expected)
    # One that shows both is proof, and one that may show both is doubt enough.
    for mark in ("110", "1?0", "??0"):
        more = sprites(*rows, *[mark], times=20)
        assert not pairs_of(more)[0, 1]


def test_frames_and_copies_of_one_character_are_one_piece_of_evidence() -> None:
    """Forty characters in a hundred frames each tell no more than forty."""
    rng = np.random.default_rng(0)
    apart = np.where(np.arange(40)[:, None] % 5 == [0, 1, 2], 1, -1).astype(np.int8)
    names = np.where(rng.random((40, 12)) < 0.5, 1, -1).astype(np.int8)
    characters = np.concatenate([apart, names], 1)
    group = np.arange(4000, dtype=np.int32) % 40
    assert not pairs_of(characters[group]).any()
    poses = np.where(rng.random((4000, 12)) < 0.5, 1, -1).astype(np.int8)
    frames = np.concatenate([characters[group], poses], 1)
    # Poses make other sets of them: then it is for the groups to say what belongs together.
    assert pairs_of(frames).any()
    assert not pairs_of(frames, group).any()


def test_rare_labels_that_have_much_of_their_own_are_no_evidence() -> None:
    """Plain sprites are one set of labels, those with rare labels many: two would not meet."""
    signs = np.full((20_000, 22), -1, np.int8)
    marks = np.where(np.random.default_rng(0).random((400, 10)) < 0.5, 1, -1)
    signs[:200, 0], signs[:200, 2:12] = 1, marks[:200]
    signs[200:400, 1], signs[200:400, 12:] = 1, marks[200:]
    assert not pairs_of(signs)[0, 1]
    # Where a tenth of the sprites has each, forty would have both.
    assert pairs_of(signs[:1000])[0, 1]


def test_recolours_of_one_drawing_are_a_group_and_no_sprite_with_all_colours() -> None:
    """Each of 400 characters comes in three colours of hair: as many groups show all of them."""
    rng = np.random.default_rng(0)
    own = np.repeat(np.where(rng.random((400, 12)) < 0.5, 1, -1), 3, axis=0)
    colors = np.where(np.tile(np.eye(3), (400, 1)) > 0, 1, -1)
    signs = np.concatenate([colors, own], 1).astype(np.int8)
    found = pairs_of(signs, np.repeat(np.arange(400, dtype=np.int32), 3))
    assert np.array_equal(found, 1 - np.eye(3))


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_pairs_are_symmetric_and_no_set_holds_one(seed: int, labels: int) -> None:
    rng = np.random.default_rng(seed)
    signs = rng.choice(np.array([-1, 0, 1], np.int8), (300, labels), p=[0.6, 0.05, 0.35])
    pairs = exclusive_pairs([signs], rng.integers(0, 200, 300, dtype=np.int32))
    assert np.array_equal(pairs, pairs.T)
    assert not pairs.diagonal().any()
    shown = (signs > 0).astype(int)
    assert not ((shown @ pairs) * shown).any()


def test_without_labels_or_of_too_many_nothing_is_counted() -> None:
    group = np.zeros(3, np.int32)
    for labels in (0, label_pairs.MAX_PAIRED_LABELS + 1):
        assert exclusive_pairs([np.ones((3, labels), np.int8)], group).shape == (0, 0)
    assert exclusive_pairs([], group[:0]).shape == (0, 0)
