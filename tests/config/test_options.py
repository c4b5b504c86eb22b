"""Parts of a run, times of frames, and options that exclude each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.config.options import (
    BatchSettings,
    JobsSettings,
    parse_durations,
    parse_shard,
    parse_size,
    shard_of,
)
from pxgen.errors import InputError, UsageError


@given(st.integers(0, 60), st.integers(1, 70))
def test_parts_of_a_run_are_the_whole_of_it(count: int, parts: int) -> None:
    shards = [shard_of(count, (part, parts)) for part in range(parts)]
    assert [number for shard in shards for number in shard] == list(range(count))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_parts_are_counted_from_one() -> None:
    assert [parse_shard(f"{part}/3") for part in (1, 2, 3)] == [(0, 3), (1, 3), (2, 3)]
    for wrong in ("0/3", "4/3", "1", "1/", "-1/3", "1/2/3"):
        with pytest.raises(ValueError, match="no part such as"):
            parse_shard(wrong)


def test_frames_are_shown_for_times_that_files_can_hold() -> None:
    assert parse_durations("10,655350") == (10, 655_350)
    for wrong in ("9,100", "100,655351", "", "soon", "nan"):
        with pytest.raises(ValueError, match="no list such as"):
            parse_durations(wrong)


def test_jobs_are_there_before_they_are_counted(work: Path) -> None:
    with pytest.raises(InputError, match="cannot read none: No such file or directory"):
        JobsSettings(jobs=Path("none"))
    assert JobsSettings(jobs=Path("-"), at_once=2).at_once == 2


def test_files_are_kept_or_replaced() -> None:
    with pytest.raises(UsageError, match="--skip-existing and --force exclude each other"):
        BatchSettings(skip_existing=True, force=True)


def test_width_comes_first_as_everywhere_in_the_trade() -> None:
    assert parse_size("16x24") == (24, 16)
    assert parse_size(" 1X4096 ") == (4096, 1)
    assert parse_size("3×5") == (5, 3)


@pytest.mark.parametrize(
    "text", ["", "16", "16x", "0x8", "8x0", "4097x1", "-1x8", "8x8x8", "8 x 8"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write width x height"):
        parse_size(text)
