"""Numbered files become clips."""

from __future__ import annotations

from pathlib import Path

from pxgen.ingest.clips import broken, gather, numbered_runs
from pxgen.ingest.walk import Found


def found(*names: str) -> list[Found]:
    return [Found(Path(name), name) for name in names]


def names_of(files: list[Found], frames: int | None) -> dict[str, int]:
    return {entry.name: len(entry.files) for entry in gather(files, frames)}


def test_marked_frames_become_clips_and_mere_numbers_do_not() -> None:
    marked = found("a/run_f0.png", "a/run_f1.png", "b/run-frame-1.png", "b/run-frame-2.png")
    assert names_of(marked, None) == {"a/run": 2, "b/run": 2}
    assert len(names_of(marked, 1)) == 4
    numbers = found("punk0.png", "punk1.png", "punk2.png")
    assert len(names_of(numbers, None)) == 3
    assert names_of(numbers, 4) == {"punk": 3}
    assert len(names_of([*marked, *found("a/still.png")], None)) == 5
    assert len(names_of(found("roof0.png", "roof1.png"), None)) == 2


def test_frames_are_ordered_by_number_and_gaps_break_a_run() -> None:
    files = found("r_f10.png", "r_f8.png", "r_f9.png")
    (clip,) = gather(files, None)
    assert [file.name for file in clip.files] == ["r_f8.png", "r_f9.png", "r_f10.png"]
    apart = gather(found("a/r_f0.png", "a/r_f2.png", "b/r_f0.png", "b/r_f1.png"), None)
    assert [len(entry.files) for entry in apart] == [1, 1, 2]
    assert broken(apart) == ["a/r"]
    assert broken(gather(found("a/r_f0.png", "b/r_f0.png"), None)) == []
    assert names_of(found("walk/0.png", "walk/1.png"), 2) == {"walk": 2}


def test_a_clip_lacks_the_number_that_all_others_have() -> None:
    whole = found(
        "a/r_f1.png", "a/r_f2.png", "a/r_f3.png", "b/r_f1.png", "b/r_f2.png", "b/r_f3.png"
    )
    lacking = found("c/r_f3.png", "c/r_f1.png")
    groups = gather([*whole, *lacking], None)
    assert [(group.name, group.frames) for group in groups] == [
        ("a/r", ("0", "1", "2")),
        ("b/r", ("0", "1", "2")),
        ("c/r", ("0", "2")),
    ]
    assert [file.name for file in groups[2].files] == ["c/r_f1.png", "c/r_f3.png"]
    assert not groups[2].shows_views
    # Another length, a repeat or a number beyond all others: nobody knows what is lacking.
    for more in (found("d/r_f1.png", "d/r_f2.png"), found("c/r-f3.png"), found("c/r_f5.png")):
        assert all(not group.frames for group in gather([*whole, *lacking, *more], None))


def test_frames_of_one_name_are_each_taken() -> None:
    assert numbered_runs(["a", "a", "b"], None) == [("a", (0,)), ("a", (1,)), ("b", (2,))]


def test_names_may_hold_any_digits_and_dots() -> None:
    long = "1" * 5000
    assert numbered_runs([f"a{long}", "b2"], None) == [(f"a{long}", (0,)), ("b2", (1,))]
    assert numbered_runs([".-f0", ".-f1"], None) == [(".", (0, 1))]
