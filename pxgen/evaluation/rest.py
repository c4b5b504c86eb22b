"""The rest of held-out sprites: what a model draws of frames or parts that it is not given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bools, IndexMaps
from pxgen.canvas import Canvas
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.figures import bounded_mean, proportion
from pxgen.frames import step_of, views_of


class Task(NamedTuple):
    """What is given of a clip."""

    name: str
    known: Bools
    """``(T, H, W)``."""

    @property
    def frames(self) -> Bools:
        """``(T,)``: the frames that are given whole."""
        return np.asarray(self.known.all((1, 2)))


def tasks(canvas: Canvas, names: Sequence[str]) -> Iterator[Task]:
    """Each view, first frames, in-betweens at every gap, and halves of all frames."""
    T, H, W = canvas
    number, views = np.arange(T), views_of(names)
    frames = {}
    if len(views) > 1:
        frames = {view: np.isin(number, numbers) for view, numbers in views.items()}
    frames |= {"first frame": number == 0, "first half": number < T // 2}
    frames |= {f"one frame in {2**k}": number % 2**k == 0 for k in range(1, T.bit_length())}
    seen: set[bytes] = set()
    for name, known in frames.items():
        if known.any() and not known.all() and known.tobytes() not in seen:
            seen.add(known.tobytes())
            yield Task(name, np.broadcast_to(known[:, None, None], canvas))
    row, column = np.ogrid[:H, :W]
    yield Task("left half", np.broadcast_to(column + 0 * row < W // 2, canvas))
    yield Task("upper half", np.broadcast_to(row + 0 * column < H // 2, canvas))
    yield Task("lower half", np.broadcast_to(row + 0 * column >= H // 2, canvas))


def rest_figures(
    task: Task,
    true: IndexMaps,
    drawn: IndexMaps,
    group: NDArray[np.integer],
    legal: Callable[[IndexMaps], bool] | None,
) -> dict[str, Any]:
    """How ``(n, T, H, W)`` drawn clips meet the true ones where nothing was given.

    ``exact`` is the share of the true foreground, ``whole`` that of frames without a wrong pixel,
    ``new_colors`` that of the drawn foreground in colours that nothing given has. A ``(n,)`` group
    counts as one observation. ``legal`` judges a clip, where something can.
    """
    asked = ~task.known
    whole = ((drawn == true) | ~asked).all((2, 3))[:, asked.any((1, 2))]
    return {
        "exact": _share((drawn == true) & (true != 0) & asked, (true != 0) & asked, group),
        "whole": proportion(whole.ravel(), group.repeat(whole.shape[1])),
        "new_colors": _new_colors(task, true, drawn),
        "new_colors_true": _new_colors(task, true, true),
        "legal": proportion(np.array([legal(clip) for clip in drawn])) if legal else None,
    }


def exact_by_view(
    task: Task, names: Sequence[str], true: IndexMaps, drawn: IndexMaps
) -> dict[str, float]:
    """The exact share of the true foreground in each view that was not given."""
    found = {}
    for view, numbers in views_of(names).items():
        frames = [number for number in numbers if not task.frames[number]]
        opaque = true[:, frames] != 0
        if opaque.any():
            found[view] = float((true[:, frames] == drawn[:, frames])[opaque].mean())
    return found


def guesses(
    task: Task, names: Sequence[str], true: IndexMaps, training: SpriteIndex
) -> dict[str, IndexMaps]:
    """What one would draw without a model, ``(n, T, H, W)`` each.

    A given frame held, the same mirrored, and the training sprite that meets what is given best.
    Of halves the given one is mirrored, where that shows the other.
    """
    ways = {}
    if task.frames.any():
        held = true[:, [_held(task.frames, names, number) for number in range(len(task.frames))]]
        ways = {"held": held, "mirrored": held[..., ::-1]}
    elif (task.known | task.known[..., ::-1]).all():
        ways = {"mirrored": true[..., ::-1]}
    _, rows = training.nearest(true, task.known)
    return ways | {"nearest": training.take(rows)}


def _held(frames: Bools, names: Sequence[str], number: int) -> int:
    """The given frame that a frame is most like: of its own step, then the nearest in order."""
    steps = [step_of(name) for name in names] or [""] * len(frames)
    given = np.flatnonzero(frames).tolist()
    return min(given, key=lambda other: (steps[other] != steps[number], abs(other - number)))


def _share(hits: Bools, among: Bools, group: NDArray[np.integer]) -> dict[str, float]:
    """The share of pixels, as a mean over clips, with its 95 % interval."""
    counts = among.sum((1, 2, 3))
    shares = hits.sum((1, 2, 3)) / np.maximum(counts, 1)
    value, low, high = bounded_mean(shares[counts > 0], group[counts > 0])
    return {"share": value, "low": low, "high": high}


def _new_colors(task: Task, true: IndexMaps, drawn: IndexMaps) -> float:
    """Share of the drawn foreground in colours that nothing given of its clip has."""
    new = total = 0
    for given, clip in zip(true[:, task.known], drawn[:, ~task.known], strict=True):
        new += int((~np.isin(clip, given) & (clip != 0)).sum())
        total += int((clip != 0).sum())
    return new / max(total, 1)
