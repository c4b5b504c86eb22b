"""The table of picture files: a suffix is of one kind, and what is written is read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pxgen.engines.clips import Clip
from pxgen.ingest.images import is_image, read_image
from pxgen.ingest.timing import timing_of
from pxgen.palette import Palette
from pxgen.render.kinds import BY_SUFFIX, CLIP_SUFFIXES, PICTURE_KINDS, encode_clips, kind_of

PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200)])


def test_a_suffix_is_of_one_kind() -> None:
    assert sum(len(kind.suffixes) for kind in PICTURE_KINDS) == len(BY_SUFFIX)
    assert kind_of(Path("A.GIF")) is BY_SUFFIX[".gif"]
    assert kind_of(Path("set-v1.2")) is None


@pytest.mark.parametrize("suffix", CLIP_SUFFIXES)
def test_clips_are_read_back_with_their_times(suffix: str, tmp_path: Path) -> None:
    maps = np.random.default_rng(0).integers(1, 4, (5, 6, 7), np.uint8)
    clips = [Clip("a", maps[:2], [40, 120]), Clip("b", maps[2:], [50, 60, 70])]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(encode_clips(BY_SUFFIX[suffix], clips, PALETTE))
    assert is_image(path)
    image = read_image(path)
    assert np.array_equal(image.rgba, PALETTE.colors(maps))
    assert image.durations == (40, 120, 50, 60, 70)
    assert bool(image.tags) != BY_SUFFIX[suffix].plays


@pytest.mark.parametrize("suffix", CLIP_SUFFIXES)
def test_equal_frames_stay_frames_of_their_own(suffix: str, tmp_path: Path) -> None:
    maps = np.array([1, 1, 0, 0, 2, 2, 2], np.uint8)[:, None, None].repeat(5, 1).repeat(3, 2)
    maps[3:, 2, 2] = 3
    durations = (10, 20, 30, 40, 50, 60, 70)
    path = tmp_path / f"x{suffix}"
    path.write_bytes(encode_clips(BY_SUFFIX[suffix], [Clip("a", maps, durations)], PALETTE))
    image = read_image(path)
    assert image.durations == ((20, *durations[1:]) if suffix == ".gif" else durations)
    # Videos have no transparency.
    seen = PALETTE.colors(maps)[..., 3] > 0 if BY_SUFFIX[suffix].extra else ...
    assert np.array_equal(image.rgba[seen], PALETTE.colors(maps)[seen])


@pytest.mark.parametrize("suffix", [suffix for suffix, kind in BY_SUFFIX.items() if kind.counts])
def test_more_plays_than_a_file_counts_are_as_many_as_it_counts(
    suffix: str, tmp_path: Path
) -> None:
    clip, kind = Clip("a", np.ones((2, 1, 1), np.uint8), [50, 50]), BY_SUFFIX[suffix]
    path = tmp_path / f"x{suffix}"
    for plays in (kind.most_plays, kind.most_plays + 1):
        path.write_bytes(encode_clips(kind, [clip], PALETTE, plays))
        assert timing_of(path)[0] == kind.most_plays
