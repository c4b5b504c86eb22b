"""Parts of frames on a canvas."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.ingest import composition
from pxgen.ingest.composition import Dispose, Part, compose, lay_over

RED, GREEN, CLEAR = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 0, 0)


def solid(color: tuple[int, ...], width: int = 1, height: int = 1) -> np.ndarray:
    return np.full((height, width, 4), color, np.uint8)


@pytest.mark.parametrize(
    ("dispose", "left"), [(Dispose.KEEP, GREEN), (Dispose.CLEAR, CLEAR), (Dispose.RESTORE, RED)]
)
@pytest.mark.parametrize("over", [True, False])
def test_what_a_part_leaves_behind(dispose: Dispose, left: tuple[int, ...], over: bool) -> None:
    frames = np.empty((3, 1, 2, 4), np.uint8)
    parts = [
        Part(solid(RED, 2), 0, 0, Dispose.KEEP, over=over),
        Part(solid(GREEN), 1, 0, dispose, over=over),
        Part(solid(CLEAR), 0, 0, Dispose.KEEP, over=True),
    ]
    compose(parts, frames)
    assert frames[1, 0].tolist() == [[*RED], [*GREEN]]
    assert frames[2, 0].tolist() == [[*RED], [*left]]


def test_what_reaches_beyond_the_canvas_is_cut_off() -> None:
    frames = np.empty((2, 1, 1, 4), np.uint8)
    parts = [Part(solid(RED, 3, 3), 0, 0, Dispose.RESTORE, over=True)]
    compose([*parts, Part(solid(GREEN), 5, 5, Dispose.CLEAR, over=False)], frames)
    assert frames[:, 0, 0].tolist() == [[*RED], [*CLEAR]]


def exact(below: tuple[int, ...], above: tuple[int, ...]) -> list[float]:
    """Alpha composition in real numbers."""
    a, b = above[3] / 255, below[3] / 255
    alpha = a + b * (1 - a)
    if not alpha:
        return [*below]
    mixed = (s * a + d * b * (1 - a) for s, d in zip(above[:3], below[:3], strict=True))
    return [*(value / alpha for value in mixed), 255 * alpha]


color = st.tuples(*[st.integers(0, 255)] * 4)


@given(pairs=st.lists(st.tuples(color, color), min_size=1, max_size=20))
def test_composition_is_that_of_real_numbers_rounded(pairs: list[tuple]) -> None:
    below, above = (np.array([[pair[side] for pair in pairs]], np.uint8) for side in (0, 1))
    made = below.copy()
    lay_over(made, above)
    for (d, s), result in zip(pairs, made[0].tolist(), strict=True):
        assert np.abs(np.array(exact(d, s)) - result).max() <= 0.5001


def test_bands_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    below, above = np.random.default_rng(1).integers(0, 256, (2, 7, 5, 4), dtype=np.uint8)
    whole, banded = below.copy(), below.copy()
    lay_over(whole, above)
    monkeypatch.setattr(composition, "_BAND", 10)
    lay_over(banded, above)
    assert np.array_equal(whole, banded)
    assert not np.array_equal(whole, below)


def test_every_pair_of_hard_pixels() -> None:
    colors = (RED, GREEN, CLEAR)
    for d, s in itertools.product(colors, repeat=2):
        made = solid(d)
        lay_over(made, solid(s))
        assert made[0, 0].tolist() == list(s if s[3] else d)
