"""Aseprite's blend modes in its own integer arithmetic, so that no colour is one step off.

By the published ``src/doc/blend_funcs.cpp`` of Aseprite 1.3, its "new blend method".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F64, Rgba

NORMAL = 0
HSL_MODES = range(12, 16)
"""Hue, saturation, colour and luminosity."""
_BAND = 2**15
"""Pixels that are blended at once."""

Ints = NDArray[np.signedinteger[Any]]
"""``(channels, n)``, 0 to 255."""
Mix = Callable[[Ints, Ints], Ints]
"""The colours below and above to those that are laid over the lower ones."""


def blend(below: Rgba, above: Rgba, opacity: int, mode: int) -> None:
    """Blend ``(h, w, 4) uint8`` onto ``below``.

    Args:
        below: changed in place.
        above: what is laid over it.
        opacity: 0 to 255.
        mode: a number below that of :data:`MODES`.
    """
    rows = max(1, _BAND // max(1, below.shape[1]))
    for start in range(0, len(below), rows):
        band = slice(start, start + rows)
        _blend(below[band], above[band], opacity, mode)


def multiply(a: Ints, b: Ints | int) -> Ints:
    """``a * b / 255`` to the nearest integer."""
    t = a * b + 128
    return ((t >> 8) + t) >> 8


def _blend(below: Rgba, above: Rgba, opacity: int, mode: int) -> None:
    drawn = above[..., 3] > 0
    if not drawn.any():
        return
    alpha = multiply(np.arange(256), opacity).astype(np.uint8)[above[..., 3]]
    taken = drawn & (below[..., 3] == 0)
    if mode == NORMAL:
        taken |= alpha == 255
    mixed = np.flatnonzero(drawn & ~taken)
    np.copyto(below[..., :3], above[..., :3], where=taken[..., None])
    np.copyto(below[..., 3], alpha, where=taken)
    if len(mixed):
        rows, columns = np.divmod(mixed, below.shape[1])
        b, s = (side[rows, columns].T.astype(np.int32, order="C") for side in (below, above))
        below[rows, columns] = _mixed(b, s[:3], alpha[rows, columns].astype(np.int32), mode).T


def _mixed(b: Ints, s: Ints, alpha: Ints, mode: int) -> Ints:
    """``(4, n)`` of lower pixels that are not clear and ``(3, n)`` upper colours of some alpha."""
    normal = _over(b, s, alpha)
    if mode == NORMAL:
        return normal
    blended = _over(b, MODES[mode](b[:3], s), alpha)
    return _merge(_merge(normal, blended, b[3]), blended, multiply(b[3], alpha))


def _over(b: Ints, s: Ints, alpha: Ints) -> Ints:
    made = np.empty_like(b)
    made[3] = alpha + b[3] - multiply(b[3], alpha)
    # The quotient is cut towards zero.
    made[:3] = b[:3] + ((s - b[:3]) * alpha / made[3]).astype(np.int32)
    return made


def _merge(b: Ints, s: Ints, opacity: Ints) -> Ints:
    made = b + multiply(s - b, opacity)
    made[:3] = np.where(b[3] == 0, s[:3], np.where(s[3] == 0, b[:3], made[:3]))
    return np.where(made[3] == 0, 0, made)


def _divided(a: Ints, b: Ints) -> Ints:
    return (a * 255 + b // 2) // np.maximum(b, 1)


def _screen(b: Ints, s: Ints) -> Ints:
    return b + s - multiply(b, s)


def _hard_light(b: Ints, s: Ints) -> Ints:
    return np.where(s < 128, multiply(b, s << 1), _screen(b, (s << 1) - 255))


def _color_dodge(b: Ints, s: Ints) -> Ints:
    rest = 255 - s
    return np.where(b == 0, 0, np.where(b >= rest, 255, _divided(b, rest)))


def _color_burn(b: Ints, s: Ints) -> Ints:
    rest = 255 - b
    return np.where(b == 255, 255, np.where(rest >= s, 0, 255 - _divided(rest, s)))


def _soft_light(b: Ints, s: Ints) -> Ints:
    low, up = b / 255.0, s / 255.0
    curve = np.where(low <= 0.25, ((16 * low - 12) * low + 4) * low, np.sqrt(low))
    darker = low - (1.0 - 2.0 * up) * low * (1.0 - low)
    lighter = low + (2.0 * up - 1.0) * (curve - low)
    return (np.where(up <= 0.5, darker, lighter) * 255 + 0.5).astype(np.int32)


def _exclusion(b: Ints, s: Ints) -> Ints:
    return b + s - 2 * multiply(b, s)


def _division(b: Ints, s: Ints) -> Ints:
    return np.where(b == 0, 0, np.where(b >= s, 255, _divided(b, s)))


def _hue(b: Ints, s: Ints) -> Ints:
    low = b / 255.0
    return _with_luminosity(_with_saturation(s / 255.0, np.ptp(low, 0)), _luminosity(low))


def _saturation(b: Ints, s: Ints) -> Ints:
    low = b / 255.0
    return _with_luminosity(_with_saturation(low, np.ptp(s / 255.0, 0)), _luminosity(low))


def _color(b: Ints, s: Ints) -> Ints:
    return _with_luminosity(s / 255.0, _luminosity(b / 255.0))


def _luminosity_mode(b: Ints, s: Ints) -> Ints:
    return _with_luminosity(b / 255.0, _luminosity(s / 255.0))


def _luminosity(c: F64) -> F64:
    return np.asarray(0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2])


def _with_luminosity(c: F64, wanted: F64) -> Ints:
    """Colours moved to a luminosity, drawn towards grey where they leave 0 to 1, as integers."""
    c = c + (wanted - _luminosity(c))
    gray, low, high = _luminosity(c), c.min(0), c.max(0)
    with np.errstate(all="ignore"):
        c = np.where(low < 0, gray + (c - gray) * gray / (gray - low), c)
        c = np.where(high > 1, gray + (c - gray) * (1 - gray) / (high - gray), c)
    return np.nan_to_num(255.0 * c, nan=0, posinf=0, neginf=0).astype(np.int32) & 255


def _with_saturation(c: F64, wanted: F64) -> F64:
    """Colours of a saturation.

    Aseprite finds the middle channel wrongly where red equals green and is below blue; files look
    so, therefore it is done so.
    """
    r, g, b = c
    lowest = np.where(r < np.minimum(g, b), 0, np.where(g < b, 1, 2))
    highest = np.where(r > np.maximum(g, b), 0, np.where(g > b, 1, 2))
    red_first = np.where(g > b, 1, np.where(r > b, 2, 0))
    middle = np.where(r > g, red_first, np.where(g > b, np.where(b > r, 2, 0), 1))
    each = np.arange(c.shape[1])
    low, mid, high = c[lowest, each], c[middle, each], c[highest, each]
    uneven = high > low
    made = c.copy()
    made[middle, each] = np.where(uneven, (mid - low) * wanted / np.where(uneven, high - low, 1), 0)
    made[highest, each] = np.where(uneven, wanted, 0)
    made[lowest, each] = 0
    return made


MODES: tuple[Mix, ...] = (
    lambda b, s: s,
    multiply,
    _screen,
    lambda b, s: _hard_light(s, b),
    np.minimum,
    np.maximum,
    _color_dodge,
    _color_burn,
    _hard_light,
    _soft_light,
    lambda b, s: np.abs(b - s),
    _exclusion,
    _hue,
    _saturation,
    _color,
    _luminosity_mode,
    lambda b, s: np.minimum(b + s, 255),
    lambda b, s: np.maximum(b - s, 0),
    _division,
)
"""By the number of a mode: normal, multiply, screen, overlay, darken, lighten, colour dodge and
burn, hard and soft light, difference, exclusion, hue, saturation, colour, luminosity, addition,
subtract, divide."""
