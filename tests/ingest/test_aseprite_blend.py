"""Blend modes against their published arithmetic, written down pixel by pixel."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from pxgen.ingest import aseprite_blend
from pxgen.ingest.aseprite_blend import MODES, NORMAL, blend

Color = tuple[int, int, int, int]


def mul(a: int, b: int) -> int:
    t = a * b + 0x80
    return ((t >> 8) + t) >> 8


def div(a: int, b: int) -> int:
    return (a * 255 + b // 2) // b


def hard_light(b: int, s: int) -> int:
    return mul(b, 2 * s) if s < 128 else b + 2 * s - 255 - mul(b, 2 * s - 255)


def dodge(b: int, s: int) -> int:
    if b == 0:
        return 0
    return 255 if b >= 255 - s else div(b, 255 - s)


def burn(b: int, s: int) -> int:
    if b == 255:
        return 255
    return 0 if 255 - b >= s else 255 - div(255 - b, s)


def soft_light(low: int, up: int) -> int:
    b, s = low / 255, up / 255
    d = ((16 * b - 12) * b + 4) * b if b <= 0.25 else math.sqrt(b)
    r = b - (1 - 2 * s) * b * (1 - b) if s <= 0.5 else b + (2 * s - 1) * (d - b)
    return int(r * 255 + 0.5)


def divide(b: int, s: int) -> int:
    if b == 0:
        return 0
    return 255 if b >= s else div(b, s)


SEPARABLE: dict[int, Callable[[int, int], int]] = {
    1: mul,
    2: lambda b, s: b + s - mul(b, s),
    3: lambda b, s: hard_light(s, b),
    4: min,
    5: max,
    6: dodge,
    7: burn,
    8: hard_light,
    9: soft_light,
    10: lambda b, s: abs(b - s),
    11: lambda b, s: b + s - 2 * mul(b, s),
    16: lambda b, s: min(255, b + s),
    17: lambda b, s: max(0, b - s),
    18: divide,
}


def lum(c: list[float]) -> float:
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def set_lum(c: list[float], wanted: float) -> list[int]:
    d = wanted - lum(c)
    c = [v + d for v in c]
    gray, n, x = lum(c), min(c), max(c)
    if n < 0 and gray != n:
        c = [gray + (v - gray) * gray / (gray - n) for v in c]
    if x > 1:
        c = [gray + (v - gray) * (1 - gray) / (x - gray) for v in c]
    return [int(255.0 * v) & 255 for v in c]


def set_sat(c: list[float], wanted: float) -> list[float]:
    """With references to the three channels, as there: two of them may be the same one."""
    r, g, b = c
    low = 0 if r < min(g, b) else 1 if g < b else 2
    high = 0 if r > max(g, b) else 1 if g > b else 2
    red_first, green_first = 1 if g > b else 2 if r > b else 0, 2 if b > r else 0
    middle = red_first if r > g else green_first if g > b else 1
    c = list(c)
    if c[high] > c[low]:
        c[middle] = (c[middle] - c[low]) * wanted / (c[high] - c[low])
        c[high] = wanted
    else:
        c[middle] = c[high] = 0
    c[low] = 0
    return c


def hsl(mode: int, below: Color, above: Color) -> list[int]:
    b, s = ([v / 255 for v in color[:3]] for color in (below, above))
    if mode == 12:
        return set_lum(set_sat(s, max(b) - min(b)), lum(b))
    if mode == 13:
        return set_lum(set_sat(b, max(s) - min(s)), lum(b))
    return set_lum(s, lum(b)) if mode == 14 else set_lum(b, lum(s))


def normal(below: Color, above: Color, opacity: int) -> Color:
    alpha = mul(above[3], opacity)
    if below[3] == 0:
        return (*above[:3], alpha)
    if above[3] == 0:
        return below
    total = alpha + below[3] - mul(below[3], alpha)
    pairs = zip(below[:3], above[:3], strict=True)
    r, g, b = (d + int((s - d) * alpha / total) for d, s in pairs)
    return r, g, b, total


def merge(below: Color, above: Color, opacity: int) -> Color:
    if below[3] == 0:
        r, g, b = above[:3]
    elif above[3] == 0:
        r, g, b = below[:3]
    else:
        pairs = zip(below[:3], above[:3], strict=True)
        r, g, b = (d + mul(s - d, opacity) for d, s in pairs)
    alpha = below[3] + mul(above[3] - below[3], opacity)
    return (r, g, b, alpha) if alpha else (0, 0, 0, 0)


def published(mode: int, below: Color, above: Color, opacity: int) -> Color:
    plain = normal(below, above, opacity)
    if mode == NORMAL or below[3] == 0:
        return plain
    if mode in SEPARABLE:
        mixed = [SEPARABLE[mode](d, s) for d, s in zip(below[:3], above[:3], strict=True)]
    else:
        mixed = hsl(mode, below, above)
    made = normal(below, (*mixed, above[3]), opacity)  # type: ignore[arg-type]
    between = merge(plain, made, below[3])
    return merge(between, made, mul(below[3], mul(above[3], opacity)))


def pairs(count: int = 1500) -> np.ndarray:
    """``(2, 1, N, 4)``: random colours, many at the ends of their range, grey or half grey."""
    chance = np.random.default_rng(3)
    colors = chance.integers(0, 256, (2, 1, count, 4), dtype=np.uint8)
    colors[chance.random(colors.shape) < 0.2] = 255
    colors[chance.random(colors.shape) < 0.2] = 0
    even = chance.random(colors.shape[:3]) < 0.2
    colors[even, 1] = colors[even, 0]
    colors[even & (chance.random(even.shape) < 0.5), 2] = 77
    return colors


@pytest.mark.parametrize("opacity", [255, 128, 0])
@pytest.mark.parametrize("mode", range(len(MODES)))
def test_every_mode_is_that_of_the_published_arithmetic(mode: int, opacity: int) -> None:
    below, above = pairs()
    made = below.copy()
    blend(made, above, opacity, mode)
    for d, s, found in zip(below[0].tolist(), above[0].tolist(), made[0].tolist(), strict=True):
        right = published(mode, tuple(d), tuple(s), opacity)
        if right[3] or found[3]:
            assert tuple(found) == right, (d, s)


def test_known_values() -> None:
    below = np.array([[[0, 205, 249, 255], [0, 0, 0, 255]]], np.uint8)
    above = np.array([[[237, 118, 20, 255], [1, 255, 3, 255]]], np.uint8)
    blend(below, above, 128, NORMAL)
    assert below[0].tolist() == [[118, 162, 135, 255], [0, 128, 1, 255]]


def test_bands_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    below, above = (side.reshape(30, 50, 4) for side in pairs())
    whole, banded = below.copy(), below.copy()
    blend(whole, above, 200, 3)
    monkeypatch.setattr(aseprite_blend, "_BAND", 70)
    blend(banded, above, 200, 3)
    assert np.array_equal(whole, banded)
