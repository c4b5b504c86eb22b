"""Clips and the names of their animations."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.engines.atlas import lay_out
from pxgen.engines.clips import Clip, all_tags, in_rows
from pxgen.engines.tags import Tag
from pxgen.errors import UsageError
from tests.support.sheets import style


def clip(name: str, *tags: Tag, frames: int = 4) -> Clip:
    pixels = np.arange(1, frames + 1, dtype=np.uint8).repeat(6).reshape(frames, 2, 3)
    return Clip(name, pixels, [10.0 * (k + 1) for k in range(frames)], tags)


def names(*clips: Clip) -> list[str]:
    return [tag.name for tag in all_tags(clips)]


def test_tags_keep_their_names_and_are_prefixed_only_where_two_clips_have_one() -> None:
    hero = clip("hero", Tag("idle", 0, 1), Tag("walk", 2, 3))
    orc = clip("orc", Tag("walk", 0, 3))
    assert names(hero) == ["idle", "walk"]
    assert names(hero, orc) == ["idle", "hero-walk", "orc-walk"]
    assert names(hero, clip("walk")) == ["idle", "hero-walk", "walk"]
    assert names(clip("hero", Tag("a", 0, 0), Tag("a", 1, 1))) == ["a", "a"]
    assert all_tags([hero, orc])[2] == Tag("orc-walk", 4, 7)


def test_a_sheet_gives_every_animation_a_name_of_its_own() -> None:
    atlas = lay_out([clip("hero", Tag("a", 0, 0), Tag("a", 1, 1))], style("rows"))
    assert [tag.name for tag in atlas.tags] == ["a", "a-2"]
    assert [cel.name for cel in atlas.cels] == ["a", "a-2", "hero-02", "hero-03"]
    assert [(t.name, t.first, t.last) for t in atlas.animations][2:] == [("frames-3-4", 2, 3)]


def test_a_view_is_a_row() -> None:
    views = ["left/0", "down/0", "left/1", "down/1"]
    made = clip("hero")
    hero = Clip.of_views("hero", made.frames, made.durations, views)
    sheet = lay_out([hero], style("rows")).pixels
    assert sheet[::2, ::3].tolist() == [[1, 3], [2, 4]]
    assert list(hero.durations) == [10, 30, 20, 40]


def test_rows_come_as_they_are_asked_for_and_others_follow() -> None:
    hero = clip("hero", Tag("up", 0, 0), Tag("left", 1, 1), Tag("down", 2, 2))
    (ordered,) = in_rows([hero], ["down", "up"])
    assert ordered.frames[:, 0, 0].tolist() == [3, 1, 2, 4]
    assert [(tag.name, tag.first) for tag in ordered.tags] == [("down", 0), ("up", 1), ("left", 2)]
    assert ordered.durations == [30, 10, 20, 40]
    files = [clip("left"), clip("down"), clip("right")]
    assert [each.name for each in in_rows(files, ["down"])] == ["down", "left", "right"]


@pytest.mark.parametrize(
    ("asked", "line"),
    [("dwon", "--rows: no animation 'dwon'; there are all, part"), ("part", "share frames")],
)
def test_rows_that_cannot_be_are_refused(asked: str, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        in_rows([clip("hero", Tag("all", 0, 3), Tag("part", 1, 2))], [asked])
