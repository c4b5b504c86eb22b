"""`lint --fix`: repairs, and nothing else changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from pxgen.lint.checks import check
from pxgen.lint.repair import repair
from tests.support.drawings import THREE, blotches


@given(st.integers(0, 50), st.integers(1, 3), st.booleans())
# Its soft colours hide that it is enlarged.
@example(36, 3, True)
def test_a_repair_leaves_nothing_fixable_and_nothing_else_changed(
    seed: int, factor: int, soft: bool
) -> None:
    rgba = np.concatenate([blotches(seed=seed), blotches(seed=seed), blotches(seed=seed + 200)])
    rgba = rgba.repeat(factor, 1).repeat(factor, 2)
    rgba[0, 0, 0] = (5, 5, 5, 0)
    if soft:
        colors = np.arange(20, dtype=np.uint8)
        rgba[2, -1, :12, 0] = colors[:12]
        rgba[2, -1, :12, 3] = 60 + 8 * colors[:12]
    mended = repair(rgba, THREE, (50.0, 60.0, 70.0))
    assert not [f for f in check(mended.rgba, THREE) if f.fixable]
    again = repair(mended.rgba, THREE, mended.durations)
    assert np.array_equal(again.rgba, mended.rgba)
    if not soft:
        assert mended.durations == (110.0, 70.0)
        wanted = np.concatenate([blotches(seed=seed), blotches(seed=seed + 200)])
        assert np.array_equal(mended.rgba, wanted)


def test_a_few_semi_transparent_colours_are_kept() -> None:
    shadow = blotches()
    shadow[0, -1, :4] = (0, 0, 0, 100)
    assert np.array_equal(repair(shadow).rgba, shadow)


def test_an_ignored_rule_repairs_nothing(tmp_path: Path) -> None:
    rgba = blotches()
    rgba[0, 0, :3] = (9, 9, 9, 0)
    soft = np.arange(20, dtype=np.uint8)
    rgba[0, 1, :16, 0], rgba[0, 1, :16, 3] = soft[:16], 60 + soft[:16]
    rgba[0, 2, :8, 0], rgba[0, 2, :8, 3] = soft[:8], 90 + soft[:8]
    mended = repair(rgba, ignored=["semi-transparent"]).rgba
    assert not mended[0, 0, :3].any()
    assert np.array_equal(mended[0, 1:], rgba[0, 1:])
    assert np.array_equal(repair(rgba, ignored=["hidden-colours", "semi-transparent"]).rgba, rgba)
