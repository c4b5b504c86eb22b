"""Names of frames."""

from __future__ import annotations

from pxgen.frames import (
    common_names,
    described_frames,
    frame_name,
    mirrored_frames,
    step_of,
    taken_frames,
    there_and_back,
    view_of,
    views_of,
)


def test_a_name_is_a_view_a_step_or_both() -> None:
    assert [view_of(name) for name in ("front", "3", "down/0")] == ["front", "", "down"]
    assert [step_of(name) for name in ("front", "3", "down/0")] == ["", "3", "0"]
    assert frame_name("down", "0") == "down/0"
    assert frame_name("walk = a/b ", "") == "walk-a-b"
    assert views_of(["down/0", "up/0", "down/1", "dead"]) == {
        "down": (0, 2),
        "up": (1,),
        "dead": (3,),
    }


def test_a_mirrored_clip_looks_to_the_other_side() -> None:
    names = ("down/0", "left/0", "left/1", "right/0", "right/1", "up-left", "Up-Right", "wall")
    assert mirrored_frames(names) == (0, 3, 4, 1, 2, 5, 6, 7)
    assert mirrored_frames(("up-left", "up-right", "walk-left/0", "e")) == (1, 0, 2, 3)
    assert mirrored_frames(()) == ()


def test_clips_found_apart_share_one_list_of_frames() -> None:
    """Steps by number, a lone step by its view's name, a view among steps as the first of them."""
    found = ["down/0", "up/0", "down/2", "down/10", "down/jump", "left", "down"]
    assert common_names(found) == {
        "down/0": "down/0",
        "down": "down/0",
        "down/2": "down/2",
        "down/10": "down/10",
        "down/jump": "down/jump",
        "up/0": "up",
        "left": "left",
    }
    assert list(common_names(["3", "0"])) == ["0", "3"]
    assert common_names([]) == {}


def test_frames_are_told_in_few_words() -> None:
    all_ = [f"{view}/{step}" for view in ("down", "up") for step in (0, 1, 2, "jump")]
    assert described_frames(all_) == ["down/0-2", "down/jump", "up/0-2", "up/jump"]
    assert described_frames(["down/1", "down/2", *all_[4:]], all_) == ["down/1-2", "up"]
    assert described_frames(["down/0", "down/2"]) == ["down/0", "down/2"]
    assert described_frames(["0", "1"]) == ["0-1"]


def test_there_and_back_is_of_each_view_where_there_are_views() -> None:
    assert there_and_back((), 4) == [0, 1, 2, 3, 2, 1]
    assert there_and_back((), 1) == [0]
    assert there_and_back(["a/0", "a/1", "a/2", "b"], 4) == [0, 1, 2, 1, 3]


def test_frames_are_taken_by_their_name_or_their_view() -> None:
    names = ("down/0", "down/1", "up/0", "7")
    assert taken_frames(names, ()) == [0, 1, 2, 3]
    assert taken_frames(names, ("down",)) == [0, 1]
    assert taken_frames(names, ("*/0", "7")) == [0, 2, 3]
    assert taken_frames(names, ("0",)) == []
