"""What another Aseprite file lacks of one is told: layers, slices, user data."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.ingest.aseprite_extras import extras_remark
from pxgen.ingest.images import read_image
from tests.support.aseprites import cel, chunk, document, layer, solid, tags, text, tileset

RED = (200, 10, 10, 255)
SLICE = chunk(0x2022, struct.pack("<III", 1, 0, 0) + text("head") + struct.pack("<IiiII", *[0] * 5))
NOTE = chunk(0x2020, struct.pack("<I", 1) + text("left hand"))
NO_NOTE = chunk(0x2020, bytes(4))


def write(path: Path, *chunks: bytes) -> Path:
    path.write_bytes(document([[*chunks, cel(0, solid(RED))], []]))
    return path


@pytest.mark.parametrize(
    ("chunks", "line"),
    [
        ([layer()], None),
        ([layer(), NO_NOTE], None),
        ([layer(), tags(("walk", 0, 1, 0)), NOTE], None),
        ([layer(), layer(flags=0)], "2 layers are drawn as one"),
        ([layer(), NOTE], "left out: 1 user data"),
        ([layer(), SLICE, SLICE, NOTE], "left out: 2 slices, 1 user data"),
        ([layer(), tags(("walk", 0, 1, 0)), SLICE, NOTE], "left out: 1 slices, 1 user data"),
        ([layer(), tags(("walk", 0, 1, 0)), NOTE, NOTE], "left out: 1 user data"),
        ([tileset(), layer(), layer()], "2 layers are drawn as one; left out: 1 tile sets"),
        ([layer(), chunk(0x2007, struct.pack("<HHI8xI", 2, 0, 0, 0))], "left out: 1 colour profil"),
    ],
)
def test_a_part_that_frames_do_not_show(
    tmp_path: Path, chunks: list[bytes], line: str | None
) -> None:
    remark = extras_remark([write(tmp_path / "hero.aseprite", *chunks)])
    if line is None:
        assert remark is None
    else:
        assert remark is not None
        assert remark.startswith(f"hero.aseprite: {line}")


def test_several_files_are_one_line(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.aseprite", layer(), layer(), SLICE) for n in "abc"]
    (tmp_path / "x.aseprite").write_bytes(paths[0].read_bytes()[:140])
    assert extras_remark([*paths, tmp_path / "x.aseprite"]) == (
        "a.aseprite and 2 more: 6 layers are drawn as one; left out: 3 slices"
    )


def test_export_and_lint_tell_it_where_an_editor_file_comes_of_one(tmp_path: Path) -> None:
    source = write(tmp_path / "hero.aseprite", layer(), layer(), SLICE)
    line = "hero.aseprite: 2 layers are drawn as one; left out: 1 slices"
    for arguments, told in (
        (["export", source, "-o", tmp_path / "o.aseprite"], True),
        (["export", source, "-o", tmp_path / "o.gif"], False),
        (["lint", source, "--fix", "--palette", "pico-8", "-o", tmp_path / "mended"], True),
    ):
        result = CliRunner().invoke(pxgen, [*map(str, arguments)])
        assert (line in result.stderr) is told, result.output


def test_user_data_of_a_slice_is_no_tags(tmp_path: Path) -> None:
    """Files of older versions have tags without user data."""
    source = write(tmp_path / "old.aseprite", layer(), tags(("walk", 0, 1, 0)), SLICE, NOTE)
    assert read_image(source).tags[0].note == b""
