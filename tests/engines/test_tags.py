"""Tags: runs of frames, and the ways in which they are shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pxgen.engines.tags import DIRECTIONS, Tag, played, runs, unlike, view_tags

TAGS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(DIRECTIONS)).map(
        lambda drawn: Tag("t", min(drawn[:2]), max(drawn[:2]), drawn[2])
    ),
    max_size=4,
)


def test_each_direction_shows_no_end_twice() -> None:
    orders = {way: Tag("t", 2, 4, way).order for way in DIRECTIONS}
    assert orders == {
        "forward": (2, 3, 4),
        "reverse": (4, 3, 2),
        "pingpong": (2, 3, 4, 3),
        "pingpong_reverse": (4, 3, 2, 3),
    }
    assert {Tag("t", 5, 5, way).order for way in DIRECTIONS} == {(5,)}


@given(TAGS)
def test_runs_are_all_frames_and_no_tag_ends_within_one(tags: list[Tag]) -> None:
    parts = runs(tags, 10)
    assert [number for part in parts for number in part] == list(range(10))
    for tag in tags:
        assert tag.first in {part.start for part in parts}
        assert tag.last + 1 in {part.stop for part in parts}


@given(TAGS)
def test_an_animation_of_all_shows_every_frame(tags: list[Tag]) -> None:
    assert {*played(tags, 10)} == {*range(10)}


def test_an_animation_of_all_plays_tags_as_they_go_and_nested_ones_once() -> None:
    tags = [Tag("all", 1, 4, "reverse"), Tag("part", 1, 2), Tag("late", 3, 5)]
    assert played(tags, 7) == [0, 4, 3, 2, 1, 5, 6]


def test_views_become_runs_in_the_order_of_their_first_frames() -> None:
    names = ["down/0", "left", "down/1", "3"]
    order, tags = view_tags(names)
    assert [names[number] for number in order] == ["down/0", "down/1", "left", "3"]
    assert tags == (Tag("down", 0, 1), Tag("left", 2, 2))


def test_equal_names_are_told_apart() -> None:
    assert [*unlike(["a", "a-2", "a", "b", "a"])] == ["a", "a-2", "a-3", "b", "a-4"]
