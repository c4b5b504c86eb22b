"""Views in names of files, folders and tags."""

from __future__ import annotations

import pytest

from pxgen.ingest.views import find_views


def found(names: str, *asked: str) -> dict[str, str] | None:
    """Of each clip its frames, as ``name:number``."""
    clips = find_views(names.split(), asked)
    if clips is None:
        return None
    return {clip: " ".join(f"{p.name}:{p.number}" for p in parts) for clip, parts in clips.items()}


@pytest.mark.parametrize(
    ("names", "clips"),
    [
        (
            "hero_left hero_front orc-front orc-left",
            {"hero": "front:1 left:0", "orc": "front:2 left:3"},
        ),
        (
            "hero-walk-up-2 hero-walk-up-1 hero-walk-down-1",
            {"hero-walk": "down/1:2 up/1:1 up/2:0"},
        ),
        ("front/a_1 left/a_1 front/b_2", {"a_1": "front:0 left:1", "b_2": "front:2"}),
        (
            "hero/front hero/left orc/front orc/left",
            {"hero": "front:0 left:1", "orc": "front:2 left:3"},
        ),
        (
            "a/front/0 a/front/1 a/left/0 b/left/0 b/back/0",
            {"a": "front/0:0 front/1:1 left/0:2", "b": "left/0:3 back/0:4"},
        ),
        ("front/0 left/0 front/1 left/1", {"0": "front:0 left:1", "1": "front:2 left:3"}),
        ("front_07 left_07 front_8 left_8", {"7": "front:0 left:1", "8": "front:2 left:3"}),
        ("HeroLeft2 HeroLeft1 HeroDownLeft1", {"Hero": "down-left/1:2 left/1:1 left/2:0"}),
        ("left/run_f1 left/run_f0 right/run_f0", {"run": "left/0:1 left/1:0 right/0:2"}),
    ],
)
def test_names_tell_clips_views_and_steps(names: str, clips: dict[str, str]) -> None:
    assert found(names) == clips


@pytest.mark.parametrize(
    "names",
    ["hero_left sword", "arrow_left shield_right", "hero_n hero_s", "run_f0 run_f1", "walk/0"],
)
def test_what_tells_no_views_is_left_alone(names: str) -> None:
    assert found(names) is None


def test_views_that_are_asked_for_may_have_any_name_and_leave_others_out() -> None:
    assert found("hero_n hero_s tree", "s", "n") == {"hero": "s:1 n:0"}
    assert found("a-idle a-walk1 a-walk2", "walk", "idle") == {"a": "walk/1:1 walk/2:2 idle:0"}
    assert found("tree", "front") is None


def test_more_digits_than_a_number_has_are_a_name() -> None:
    found = find_views([f"left{'1' * 5000}", "left2", "right2"], ())
    assert found is not None
    assert sorted(map(len, found.values())) == [1, 2]
