"""The rest of held-out sprites: what is given, what is right, and what guesses would do."""

from pathlib import Path

import numpy as np

from pxgen.canvas import Canvas
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.rest import Task, exact_by_view, guesses, rest_figures, tasks
from tests.support.tiny import tiny_dataset

CANVAS = Canvas(8, 4, 6)
WALK = tuple(f"{view}/{step}" for view in ("down", "left") for step in range(4))


def given(canvas: Canvas, names: tuple[str, ...]) -> dict[str, list[int]]:
    """The frames that each task gives whole."""
    return {task.name: np.flatnonzero(task.frames).tolist() for task in tasks(canvas, names)}


def test_views_first_frames_and_in_betweens_at_every_gap_are_given() -> None:
    assert given(CANVAS, WALK) == {
        "down": [0, 1, 2, 3],
        "left": [4, 5, 6, 7],
        "first frame": [0],
        "one frame in 2": [0, 2, 4, 6],
        "one frame in 4": [0, 4],
        "left half": [],
        "upper half": [],
        "lower half": [],
    }
    assert [*given(CANVAS, ())] == [
        *("first frame", "first half", "one frame in 2", "one frame in 4"),
        *("left half", "upper half", "lower half"),
    ]
    assert [*given(Canvas(1, 4, 6), ())] == ["left half", "upper half", "lower half"]
    halves = {task.name: task.known for task in tasks(CANVAS, ())}
    assert halves["left half"].sum() == halves["upper half"].sum() == CANVAS.pixels // 2
    assert halves["left half"][:, :, :3].all()
    assert halves["upper half"][:, :2].all()
    assert np.array_equal(halves["lower half"], ~halves["upper half"])


def clips(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4, (count, *CANVAS)).astype(np.uint8)


def task_of(frames: list[int]) -> Task:
    known = np.isin(np.arange(CANVAS.frames), frames)[:, None, None]
    return Task("some", np.broadcast_to(known, CANVAS))


def test_shares_count_the_foreground_that_was_not_given() -> None:
    true = clips(5)
    true[:, :4, 0] = 0
    task, group = task_of([0, 1, 2, 3]), np.arange(5)
    right = rest_figures(task, true, true, group, None)
    assert right["exact"]["share"] == right["whole"]["share"] == 1
    assert right["legal"] is None
    drawn = true.copy()
    drawn[:, :4] = 0
    drawn[:, 4] = np.where(true[:, 4] == 0, 1, 0)
    found = rest_figures(task, true, drawn, group, lambda clip: bool(clip[5].any()))
    opaque = (true[:, 4:] != 0).sum((1, 2, 3))
    wrong = (true[:, 4] != 0).sum((1, 2))
    assert np.isclose(found["exact"]["share"], (1 - wrong / opaque).mean())
    assert found["whole"]["share"] == 0.75
    assert found["legal"]["share"] == 1


def test_colours_that_nothing_given_has_are_counted() -> None:
    true = np.zeros((2, *CANVAS), np.uint8)
    true[:, 0], true[:, 1:] = 1, 2
    true[:, 1:, 0] = 1
    found = rest_figures(task_of([0]), true, np.ones_like(true), np.arange(2), None)
    assert found["new_colors"] == 0
    assert found["new_colors_true"] == 0.75


def test_shares_are_told_by_view() -> None:
    true = clips(3)
    drawn = true.copy()
    drawn[:, 6:] = 0
    found = exact_by_view(task_of([0, 1, 2, 3]), WALK, true, drawn)
    assert found.keys() == {"left"}
    assert 0.3 < found["left"] < 0.7


def test_guesses_hold_mirror_and_look_up(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path, count=48, frames=4)
    training = SpriteIndex(data, data.train)
    true = data.take(data.train[:5])[0]
    task = Task("first", np.broadcast_to(np.arange(4)[:, None, None] == 0, data.canvas))
    ways = guesses(task, (), true, training)
    assert np.array_equal(ways["held"], true[:, [0, 0, 0, 0]])
    assert np.array_equal(ways["mirrored"], ways["held"][..., ::-1])
    assert np.array_equal(ways["nearest"], true)
    left = Task("left", np.broadcast_to(np.arange(8) < 4, data.canvas))
    assert guesses(left, (), true, training).keys() == {"mirrored", "nearest"}
    upper = Task("upper", np.broadcast_to(np.arange(6)[:, None] < 3, data.canvas))
    assert guesses(upper, (), true, training).keys() == {"nearest"}


def test_the_frame_that_is_held_is_one_of_the_same_step() -> None:
    true, index = clips(1), _Nothing()
    ways = guesses(task_of([0, 1, 2, 3]), WALK, true, index)  # type: ignore[arg-type]
    assert np.array_equal(ways["held"][0, 4:], true[0, :4])
    ways = guesses(task_of([0, 4]), (), true, index)  # type: ignore[arg-type]
    assert np.array_equal(ways["held"][0], true[0, [0, 0, 0, 4, 4, 4, 4, 4]])


class _Nothing:
    """An index that nothing is looked up in."""

    def nearest(self, pixels: np.ndarray, known: np.ndarray) -> tuple[None, None]:
        return None, None

    def take(self, rows: None) -> None:
        return None
