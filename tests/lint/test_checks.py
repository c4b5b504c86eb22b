"""The rules of `lint`: findings, and drawings that have none."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pxgen import builtin
from pxgen.lint.checks import check, uneven_steps
from pxgen.palette import Palette
from tests.support.drawings import THREE, blotches

TASTE = {"orphan-pixels", "jaggies"}


def rules(rgba: np.ndarray, palette: Palette | None = THREE) -> dict[str, int]:
    return {f.rule: f.count for f in check(rgba, palette) if f.rule not in TASTE}


def test_a_clean_drawing_passes() -> None:
    assert rules(blotches()) == {}


@given(st.integers(0, 50))
def test_each_fault_is_found_alone(seed: int) -> None:
    clean = blotches(seed=seed)
    off = clean.copy()
    off[0, 5, 5] = (1, 2, 3, 255)
    assert rules(off) == {"off-palette": 1}
    assert rules(off, None) == {}
    soft = clean.copy()
    soft[0, 2:4, 2] = (200, 10, 10, 90)
    assert rules(soft, None) == {"semi-transparent": 2}
    hidden = clean.copy()
    hidden[0, 0, :3] = (9, 9, 9, 0)
    assert rules(hidden) == {"hidden-colours": 3}
    large = clean.repeat(3, 1).repeat(3, 2)
    assert rules(large) == {"enlarged": 3}
    twice = np.concatenate([clean, clean, blotches(seed=seed + 100), blotches(seed=seed + 100)])
    assert rules(twice) == {"duplicate-frames": 2}


def test_mixed_pixel_sizes_are_found() -> None:
    large = blotches(side=16).repeat(2, 1).repeat(2, 2)
    large[0, 9, 9] = (10, 10, 200, 255)
    large[0, 21:23, 13] = (10, 200, 10, 255)
    assert set(rules(large)) == {"mixed-sizes"}


def test_built_in_characters_are_clean() -> None:
    for maps, _ in builtin.generate(40, seed=3):
        for indices in maps:
            rgba = builtin.PALETTE.rgba[indices]
            assert rules(rgba if rgba.ndim == 4 else rgba[None], builtin.PALETTE) == {}


def test_orphans_and_jaggies_are_found_where_they_are() -> None:
    flat = np.zeros((1, 16, 16, 4), np.uint8)
    flat[0, 2:13, 3:13] = (200, 10, 10, 255)
    assert [f.rule for f in check(flat)] == []
    flat[0, 7, 9] = (0, 0, 0, 255)
    (orphan,) = check(flat)
    assert (orphan.rule, orphan.count, orphan.where) == ("orphan-pixels", 1, (0, 9, 7))


def test_steps_of_an_outline_are_even_or_not() -> None:
    def slope(*runs: int) -> list[int]:
        first = np.repeat(np.arange(len(runs)), runs)
        return uneven_steps(np.arange(20)[None] >= first[:, None])

    assert slope(3, 3, 3, 3) == []
    assert slope(1, 2, 3, 4) == []
    assert slope(2, 1, 2, 1) == []
    assert slope(3, 1, 3) == [3]
    assert slope(4, 4, 1, 4, 4) == [8]
