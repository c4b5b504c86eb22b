"""``-o OUT``: which files appear, under which names, holding which indices."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pxgen.config.options import SheetSettings
from pxgen.config.sample_settings import SeriesSettings
from pxgen.errors import PxgenError, UsageError
from pxgen.files import write_bytes
from pxgen.palette import Palette
from pxgen.render.outputs import Series, plan_output, safe_stem
from pxgen.render.png import decode_png

PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200)])


def sprites(count: int, frames: int = 1):
    return np.random.default_rng(2).integers(0, 4, (count, frames, 6, 6), dtype=np.uint8)


def write(out: Path | str, pixels, numbers=None, **options) -> list[Path]:
    series = Series(SeriesSettings(label=("alien",), seed=7), numbers or range(len(pixels)))
    output = plan_output(str(out), series, **options)
    named = zip(series.names(), pixels, strict=True)
    return list(output.write((name, maps, PALETTE) for name, maps in named))


def test_a_folder_gets_one_file_a_picture(tmp_path):
    pixels = sprites(3)
    paths = write(tmp_path / "new" / "aliens", pixels)
    assert [path.name for path in paths] == [f"alien-7-000{i}.png" for i in range(3)]
    for path, picture in zip(paths, pixels, strict=True):
        found, table = decode_png(path)
        assert np.array_equal(found, picture[0])
        assert table == PALETTE


def test_shards_name_their_pictures_as_one_run_would(tmp_path):
    pixels = sprites(6)
    whole = write(tmp_path / "whole", pixels)
    for shard in range(2):
        write(tmp_path / "joined", pixels[shard::2], numbers=range(shard, 6, 2))
    joined = sorted((tmp_path / "joined").iterdir())
    assert [path.read_bytes() for path in joined] == [path.read_bytes() for path in whole]
    assert [path.name for path in joined] == [path.name for path in whole]


def test_clips_in_a_folder_are_a_sheet_each_if_asked(tmp_path):
    pixels, sheet = sprites(2, frames=3), SheetSettings(sheet="columns", padding=1)
    paths = write(tmp_path / "tries", pixels, sheet=sheet)
    series = Series(SeriesSettings(label=("alien",), seed=7), range(2))
    planned = plan_output(str(tmp_path / "tries"), series, sheet=sheet, force=True)
    assert planned.paths(moving=True) == paths == sorted((tmp_path / "tries").iterdir())
    for path, clip in zip(paths, pixels, strict=True):
        found, _ = decode_png(path)
        assert found.shape == (3 * 7 - 1, 6)
        assert np.array_equal(np.stack([found[7 * k : 7 * k + 6] for k in range(3)]), clip)
    with pytest.raises(UsageError, match=r"alien-7-0000\.png exists"):
        plan_output(str(tmp_path / "tries"), series, sheet=sheet)


def test_a_sheet_is_no_animation_that_is_there_nor_the_other_way_round(tmp_path):
    sheet, series = (
        SheetSettings(sheet="rows"),
        Series(SeriesSettings(label=("alien",), seed=7), [0]),
    )
    folder = str(tmp_path / "clips")
    for present, other in ((sheet, SheetSettings()), (SheetSettings(), sheet)):
        (path,) = write(tmp_path / "clips", sprites(1, frames=3), sheet=present)
        assert (
            plan_output(folder, series, force=True, sheet=present).missing([0], moving=True) == []
        )
        assert plan_output(folder, series, force=True, sheet=other).missing([0], moving=True) == [0]
        path.unlink()
    write(tmp_path / "clips", sprites(1, frames=3))
    assert write(tmp_path / "clips", sprites(1, frames=3), sheet=sheet)[0].suffix == ".png"


def test_clips_in_a_folder_are_gifs(tmp_path):
    (path,) = write(tmp_path / "clips", sprites(1, frames=3))
    assert path.suffix == ".gif"
    with Image.open(path) as image:
        assert image.n_frames == 3


def test_png_is_one_sheet_and_scaling_is_exact(tmp_path):
    pixels = sprites(4)
    (path,) = write(tmp_path / "sheet.png", pixels, scale=3)
    sheet, _ = decode_png(path)
    assert sheet.shape == (3 * (2 * 7 + 1), 3 * (2 * 7 + 1))
    assert np.array_equal(sheet[::3, ::3][1:7, 1:7], pixels[0, 0])


def test_a_sheet_of_one_sprite_is_the_sprite(tmp_path):
    pixels = sprites(1)
    (path,) = write(tmp_path / "one.png", pixels)
    assert np.array_equal(decode_png(path)[0], pixels[0, 0])


@pytest.mark.parametrize("name", ["all.gif", "all.webp", "all.apng", "ALL.GIF"])
def test_animations_show_every_picture(tmp_path, name):
    (path,) = write(tmp_path / name, sprites(5), delay_ms=40)
    with Image.open(path) as image:
        image.load()
        assert image.n_frames == 5
        assert image.info["duration"] == 40


@pytest.mark.parametrize(("count", "frames", "kind"), [(1, 1, "PNG"), (3, 1, "PNG"), (1, 4, "GIF")])
def test_stdout_is_one_image_and_names_no_path(monkeypatch, count, frames, kind):
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe))
    assert write("-", sprites(count, frames)) == []
    with Image.open(io.BytesIO(pipe.getvalue())) as image:
        assert image.format == kind


def test_derived_names_replace_nothing_without_force(tmp_path):
    pixels = sprites(2)
    write(tmp_path, pixels)
    (tmp_path / "alien-7-0001.png").write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"alien-7-0000\.png exists.*--force"):
        write(tmp_path, pixels)
    with pytest.raises(UsageError, match=r"alien-7-0001\.png exists"):
        write(tmp_path, pixels, numbers=range(1, 3))
    assert (tmp_path / "alien-7-0001.png").read_bytes() == b"precious"
    write(tmp_path, pixels, force=True)
    assert np.array_equal(decode_png(tmp_path / "alien-7-0001.png")[0], pixels[1, 0])


def test_a_named_file_is_replaced(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    write(path, sprites(2))
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["a.jpg", "b.TIFF", "c.bmp"])
def test_other_image_types_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"a folder or a \.png, \.gif"):
        write(tmp_path / name, sprites(1))


def test_a_folder_may_have_a_dot_in_its_name(tmp_path):
    (path,) = write(tmp_path / "set-v1.2", sprites(1))
    assert path.parent.name == "set-v1.2"


def test_without_out_the_current_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    series = Series(SeriesSettings(), range(1))
    written = plan_output(None, series).write([(series.name(0), sprites(1)[0], PALETTE)])
    assert list(written) == [Path("sprite-0-0000.png")]


@given(st.lists(st.text(), max_size=4))
def test_labels_from_data_never_leave_the_folder(labels):
    stem = safe_stem(labels)
    assert stem
    assert Path(stem).name == stem
    assert not stem.startswith((".", "-"))
    assert not set(stem) & set('/\\:*?"<>|\0\n ')
    assert len(stem.encode()) <= 120


@pytest.mark.parametrize(
    ("labels", "stem"),
    [
        ([], "sprite"),
        (["alien"], "alien"),
        (["Big Beard", "hat:0.5"], "Big-Beard+hat-0.5"),
        (["../../etc/passwd"], "etc-passwd"),
        (["..", "/"], "sprite"),
        (["чужой"], "чужой"),
        (["हिन्दी"], "हिन्दी"),
        (["\N{COMBINING ACUTE ACCENT}"], "sprite"),
    ],
)
def test_stems_stay_readable(labels, stem):
    assert safe_stem(labels) == stem


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"precious")
    with pytest.raises(PxgenError, match=r"cannot write .*taken"):
        write_bytes(tmp_path / "taken" / "a.png", b"new")
    assert (tmp_path / "taken").read_bytes() == b"precious"


@pytest.mark.parametrize(("out", "told"), [("out/", 1), ("o.gif", 1), ("o.apng", 0), ("o.png", 0)])
def test_half_transparency_that_is_lost_is_told_once(tmp_path, out, told):
    lines = []
    palette = Palette.of([(200, 10, 10), (0, 0, 0, 90), (10, 10, 200)])
    series = Series(SeriesSettings(), range(2))
    output = plan_output(f"{tmp_path}/{out}", series, report=lines.append)
    named = zip(series.names(), sprites(2, frames=2), strict=True)
    assert list(output.write((name, maps, palette) for name, maps in named))
    assert len(lines) == told


@pytest.mark.parametrize("name", ["w.xyz", "w.mp3", "W.SVG", "x.final"])
def test_a_suffix_that_is_not_written_is_no_folder_unless_that_is_said(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError, match=rf"cannot write .*{name}: .*{name}/ is a folder"):
        write(tmp_path / name, sprites(1))
    assert not list(tmp_path.iterdir())
    for folder in (f"{tmp_path / name}/", tmp_path / name, tmp_path / "v1.2", tmp_path / "x.v2"):
        assert write(folder, sprites(1), force=True)[0].parent == Path(folder)
