"""Zip archives are read as folders, within bounds, and nothing of them is written."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.ingest import archives
from tests.support.preparing import hero, heroes, prepared, run, shown, visible


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep" / "work").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "work")


def png(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(hero(seed)).save(out, "PNG")
    return out.getvalue()


def zipped(entries: dict[str, bytes], name: str = "art.zip", **options: int) -> Path:
    with zipfile.ZipFile(name, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    return Path(name)


def test_an_archive_makes_the_dataset_that_its_folder_makes() -> None:
    heroes("art")
    files = {p.relative_to("art").as_posix(): p.read_bytes() for p in Path("art").rglob("*.png")}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        zipped(files, compression=method)
        zip_made, folder_made = (
            prepared("art.zip", "--force"),
            prepared("art", "-o", "b", "--force"),
        )
        assert zip_made.names == folder_made.names
        assert zip_made.label_names == folder_made.label_names == ("elf", "orc")
        np.testing.assert_array_equal(zip_made.pixels, folder_made.pixels)
        np.testing.assert_array_equal(zip_made.split, folder_made.split)


def test_every_kind_of_file_is_read_in_an_archive() -> None:
    """Animations, arrays, sheets with JSON, tables, captions; other files are counted."""
    sheet = io.BytesIO()
    Image.fromarray(np.concatenate([hero(1), hero(2)])).save(sheet, "PNG")
    rects = {
        f"{n}.png": {"frame": {"x": 0, "y": 8 * k, "w": 8, "h": 8}} for k, n in enumerate("ab")
    }
    array = io.BytesIO()
    np.save(array, np.stack([hero(5), hero(6)]))
    packed = io.BytesIO()
    np.savez(packed, images=np.stack([hero(7)]))
    webp = io.BytesIO()
    Image.fromarray(hero(8)).save(webp, "WEBP", lossless=True)
    zipped(
        {
            "x/sheet.png": sheet.getvalue(),
            "x/sheet.json": json.dumps({"frames": rects, "meta": {"image": "sheet.png"}}).encode(),
            "x/many.npy": array.getvalue(),
            "x/one.npz": packed.getvalue(),
            "x/w.webp": webp.getvalue(),
            "x/readme.md": b"hello",
        }
    )
    dataset = prepared("art.zip")
    names = ["many.npy#0", "many.npy#1", "one.npz#0", "sheet.json#a", "sheet.json#b", "w.webp"]
    assert sorted(dataset.names) == [f"x/{name}" for name in names]
    np.testing.assert_array_equal(shown(dataset, "x/sheet.json#b")[0], visible(hero(2)))
    np.testing.assert_array_equal(shown(dataset, "x/one.npz#0")[0], visible(hero(7)))
    table = b"file,kind\n0.png,elf\n1.png,orc\n2.png,elf\n"
    named = zipped({"labels.csv": table, **{f"{k}.png": png(k) for k in range(3)}}, "t.zip")
    assert prepared(named, "-o", "t").label_names == ("elf", "orc")


def test_names_that_lead_elsewhere_are_only_names() -> None:
    before = set(Path("../..").rglob("*"))
    zipped(
        {
            "../../evil.png": png(0),
            "/abs/olute.png": png(1),
            "C:\\drive\\c.png": png(2),
            "a/../b/./same.png": png(3),
            "b/same.png": png(4),
            ".hidden.png": png(5),
            "__MACOSX/._evil.png": b"junk",
        }
    )
    dataset = prepared("art.zip", "--labels", "none")
    assert set(dataset.names) == {
        "evil.png", "abs/olute.png", "drive/c.png", "a/b/same.png", "b/same.png"
    }  # fmt: skip
    after = set(Path("../..").rglob("*"))
    made = {"art.zip", "dataset", "dataset.safetensors", "palette.png", "sheet.png"}
    assert {path.name for path in after - before} == made


def test_entries_of_one_name_are_two_and_links_are_none() -> None:
    with zipfile.ZipFile("art.zip", "w") as archive:
        archive.writestr("a.png", png(0))
        archive.writestr("./a.png", png(1))
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "a.png")
    dataset = prepared("art.zip")
    assert set(dataset.names) == {"a.png", "a-2.png"}
    np.testing.assert_array_equal(shown(dataset, "a-2.png")[0], visible(hero(1)))


def test_archives_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    zipped({f"{k}.png": png(k) for k in range(5)})
    monkeypatch.setattr(archives, "MAX_ENTRIES", 4)
    assert "art.zip: more than 4 files" in run("art.zip").stderr
    monkeypatch.setattr(archives, "MAX_ENTRIES", 5)
    monkeypatch.setattr(archives, "MAX_BYTES", 5 * len(png(0)) // 2)
    archives._opened.cache_clear()
    assert "in one archive: unpack it first" in run("art.zip").stderr
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 100)
    assert run("art.zip").exit_code == 3
    assert "art.zip: lists too many files" in run("art.zip").stderr
    assert not Path("dataset").exists()


def test_an_entry_holds_no_more_than_its_archive_says() -> None:
    """The sizes of the list bound what is unpacked: a lie in it is a damaged file."""
    bomb = zipped({"a.png": b"\0" * 1_000_000})
    content = bytearray(bomb.read_bytes())
    at = content.rindex(b"PK\1\2") + 24
    content[at : at + 4] = (1000).to_bytes(4, "little")
    bomb.write_bytes(content)
    assert archives.size_of(bomb / "a.png") == 1000
    with pytest.raises(OSError, match="damaged in its archive"):
        archives.content_of(bomb / "a.png", 10_000)
    with pytest.raises(OSError, match="more than 0 MB"):
        archives.content_of(bomb / "a.png", 999)


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "content", "password"])
def test_damage_is_one_line(damage: str) -> None:
    path = zipped({"a.png": png(0), "b.png": png(1), "t.txt": b"x", "t.csv": b"a,b\n"})
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "noise":
        content[:] = os.urandom(500)
    elif damage == "empty":
        content.clear()
    elif damage == "content":
        content[40:90] = b"\xff" * 50
    else:
        for mark, at in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
            content[content.index(mark) + at] |= 1
    path.write_bytes(content)
    result = run("art.zip")
    assert result.exit_code == 3
    assert isinstance(result.exception, SystemExit)
    assert "art.zip" in result.stderr


def test_a_changed_archive_is_read_anew_and_a_missing_entry_is_no_file() -> None:
    zipped({"a.png": png(0)})
    assert prepared("art.zip").names == ("a.png",)
    zipped({"bb.png": png(1), "c.png": png(2)})
    assert prepared("art.zip", "--force").names == ("bb.png", "c.png")
    assert not archives.is_file(Path("art.zip/a.png"))
    with pytest.raises(FileNotFoundError):
        archives.open_file(Path("art.zip/a.png"))


def test_export_and_lint_read_archives() -> None:
    zipped({"in/a.png": png(0), "in/b.png": png(1)})
    for command in (["export", "art.zip", "-o", "a.gif"], ["palette", "extract", "art.zip"]):
        result = CliRunner().invoke(pxgen, command)
        assert result.exit_code == 0, result.stderr
    assert "in/a.png" in CliRunner().invoke(pxgen, ["lint", "art.zip", "--strict"]).output
