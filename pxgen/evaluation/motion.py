"""Motion of clips beside that of real ones, and prediction of the frames that follow.

Figures are of pixels, not of a network made for photographs: FVD reads large natural videos, by
the thousand, and hardly notices motion that has stopped.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F64, IndexMaps
from pxgen.evaluation.measure import PixelMeasure, Row

MAX_SHIFT = 3
"""Pixels that a translation may move by, at most."""


class Motion(PixelMeasure):
    """Still frames, changing pixels, seams of loops and colours that flicker, as means."""

    name: ClassVar[str] = "motion"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("still frames", ("static_frames",), "%"),
        Row("pixels changing", ("motion",), "%"),
        Row("loop's seam to a step", ("loop",)),
        Row("flickering colours", ("flicker",), "%"),
    )

    @staticmethod
    def of_each(pixels: IndexMaps, /) -> dict[str, NDArray[Any]]:
        """Figures of each of ``(n, T, H, W)`` clips, ``(n,)``.

        ``static_frames`` is the share of frames that equal the one before; ``motion`` the share of
        pixels that change from frame to frame; ``loop`` that of the step from the last frame to
        the first over that of the others, a ratio of means over all clips, of which each clip has
        its linear part; ``flicker`` one less the share of colours that neighbouring frames have in
        common.
        """
        changed = (pixels[:, 1:] != pixels[:, :-1]).mean((2, 3))
        seam = (pixels[:, -1] != pixels[:, 0]).mean((1, 2))
        motion, moved = changed.mean(1), float(changed.mean())
        loop = float(seam.mean()) / moved if moved else 0.0
        return {
            "static_frames": (changed == 0).mean(1),
            "motion": motion,
            "loop": loop + (seam - loop * motion) / (moved or 1.0),
            "flicker": _flicker(pixels),
        }


def _flicker(clips: IndexMaps) -> F64:
    present = np.stack([(clips == color).any((2, 3)) for color in range(int(clips.max()) + 1)], -1)
    now, before = present[:, 1:], present[:, :-1]
    common = (now & before).sum(-1) / np.maximum((now | before).sum(-1), 1)
    return np.asarray(1 - common.mean(1))


def continuation(true: IndexMaps, drawn: IndexMaps, kept: int) -> dict[str, Any]:
    """Accuracy of ``(n, T, H, W)`` drawn clips after ``kept`` given frames, beside baselines.

    Returns:
        For ``drawn`` and each baseline: ``exact`` pixels and ``changed_f1`` of the pixels that
        differ from the last given frame, for every horizon; and over all horizons ``skill``, one
        less the errors over those of the last frame kept, which is 0 for a still image.
    """
    ways = {"drawn": drawn, **baselines(true, kept)}
    still = (ways["last frame"][:, kept:] != true[:, kept:]).mean()
    last, horizons = true[:, kept - 1], range(kept, true.shape[1])
    figures = {}
    for name, clips in ways.items():
        errors = float((clips[:, kept:] != true[:, kept:]).mean())
        figures[name] = {
            "exact": [float((clips[:, t] == true[:, t]).mean()) for t in horizons],
            "changed_f1": [changed_f1(true[:, t], clips[:, t], last) for t in horizons],
            "skill": 1 - errors / float(still) if still else None,
        }
    return figures


def baselines(true: IndexMaps, kept: int) -> dict[str, IndexMaps]:
    """Baselines: the last given frame repeated, the given ones in turn, and a translation."""
    T = true.shape[1]
    last = np.repeat(true[:, kept - 1 : kept], T, axis=1)
    turn = true[:, np.arange(T) % kept]
    return {"last frame": last, "in turn": turn, "best shift": _shifted(true, kept)}


def _shifted(true: IndexMaps, kept: int) -> IndexMaps:
    """Each clip by the translation that best explains its last given step, on and on."""
    T = true.shape[1]
    clips = np.repeat(true[:, kept - 1 : kept], T, axis=1)
    if kept < 2:
        return clips
    shifts = range(-MAX_SHIFT, MAX_SHIFT + 1)
    steps = [(y, x) for y in shifts for x in shifts]
    steps.sort(key=lambda step: abs(step[0]) + abs(step[1]))
    before, after = true[:, kept - 2], true[:, kept - 1]
    fits = [(np.roll(before, step, (1, 2)) == after).mean((1, 2)) for step in steps]
    for number, best in enumerate(np.argmax(fits, 0)):
        for t in range(kept, T):
            clips[number, t] = np.roll(clips[number, t - 1], steps[best], (0, 1))
    return clips


def changed_f1(true: IndexMaps, drawn: IndexMaps, before: IndexMaps) -> float | None:
    """F1 of the pixels that change into the right colour; None where nothing changes at all."""
    should, does = true != before, drawn != before
    right = (should & does & (true == drawn)).sum()
    total = should.sum() + does.sum()
    return float(2 * right / total) if total else None
