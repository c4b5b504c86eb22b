"""Which files of a folder are sources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pxgen.errors import InputError
from pxgen.ingest.images import read_image
from pxgen.ingest.walk import find_files


def test_the_walk_is_sorted_skips_what_is_hidden_and_survives_loops(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "a/x.npy", "a/x_labels.npy", ".git/y.png", "b/n.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "labels.csv").touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "a" / "itself").symlink_to("itself")
    listing = find_files([tmp_path])
    assert [file.name for file in listing.files] == ["a/x.npy", "b/2.png", "b/10.png"]
    assert [path.name for path in listing.tables] == ["labels.csv"]
    assert listing.ignored == 2


def test_links_that_lead_nowhere_are_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "knight.png").symlink_to("gone.png")
    (tmp_path / "itself.png").symlink_to("itself.png")
    (tmp_path / "elves").symlink_to("gone")
    listing = find_files([tmp_path])
    assert [file.name for file in listing.files] == ["itself.png", "knight.png"]
    assert listing.ignored == 1
    for file in listing.files:
        with pytest.raises(InputError, match=rf"{file.name}: a link that leads nowhere; mend"):
            read_image(file.path)


def test_archives_in_a_folder_are_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch()
    with pytest.raises(InputError, match=r"name .*a\.zip itself"):
        find_files([tmp_path])


def test_a_table_counts_where_no_folder_parts_it_from_an_image(tmp_path: Path) -> None:
    """Archives wrap all that they hold into one more folder."""
    images = ("wrap/images/a/1.png", "wrap/images/b/2.png")
    tables = ("wrap/labels.csv", "top.json", "wrap/images/all.tsv", "metadata.jsonl")
    others = ("wrap/images/a/own.csv", "wrap/docs/list.csv")
    for name in (*images, *tables, *others, "wrap/images/b/metadata.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    listing = find_files([tmp_path])
    found = {path.relative_to(tmp_path).as_posix() for path in listing.tables}
    assert found == {*tables, "wrap/images/b/metadata.csv"}
    assert listing.ignored == len(others)


def test_a_table_that_is_named_is_no_image(tmp_path: Path) -> None:
    for name in ("sprites/1.png", "labels.csv", "labels.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for table in (tmp_path / "labels.csv", tmp_path / "labels.json"):
        listing = find_files([tmp_path / "sprites", table])
        assert [file.name for file in listing.files] == ["sprites/1.png"]
        assert listing.tables == (table,)
    with pytest.raises(InputError, match=r"no images or arrays in .*labels\.csv"):
        find_files([tmp_path / "labels.csv"])


def test_several_folders_count_from_what_holds_them_all(tmp_path: Path) -> None:
    for name in ("cats/1.png", "dogs/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    listing = find_files([tmp_path / "dogs", tmp_path / "cats", tmp_path / "cats" / "1.png"])
    assert [file.name for file in listing.files] == ["dogs/2.png", "cats/1.png"]


def test_prepared_datasets_are_no_sources(tmp_path: Path) -> None:
    for name in ("dataset/sheet.png", "dataset/dataset.safetensors", "hero.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for file in find_files([tmp_path]).files] == ["hero.png"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_nothing_to_take_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=name):
        find_files([tmp_path / name])


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_undecodable_file_names_do_not_stop_anything(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.png"))).touch()
    (name,) = (file.name for file in find_files([tmp_path]).files)
    name.encode("utf-8")


@pytest.mark.parametrize("name", ["{}", "walk_{}", "walk-{}", "walk ({})", "walk{}", "w{}/a"])
def test_files_are_in_the_order_of_their_numbers(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / f"{name.format(i)}.png" for i in (1, 2, 3, 10, 11, 100)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [file.path for file in find_files([tmp_path]).files] == paths
    # As a shell lists them, in one language or another.
    assert [file.path for file in find_files(sorted(paths)).files] == paths
    letters = sorted(paths, key=lambda path: [c for c in str(path) if c.isalnum()])
    assert [file.path for file in find_files(letters).files] == paths
    # As somebody wants them.
    assert [file.path for file in find_files(paths[::-1]).files] == paths[::-1]


def test_files_whose_names_differ_in_their_spelling_alone_are_two(tmp_path: Path) -> None:
    for name in ("é.npy", "e\N{COMBINING ACUTE ACCENT}.npy"):
        (tmp_path / name).touch()
    for name in (b"\xff.npy", b"\xfe.npy"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    names = [file.name for file in find_files([tmp_path]).files]
    assert sorted(names) == ["?-2.npy", "?.npy", "é-2.npy", "é.npy"]


def test_sources_on_several_drives_have_whole_paths_for_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing holds them all, as on Windows."""

    def no_common_path(paths: list[str]) -> str:
        if len(set(paths)) > 1:
            raise ValueError("Paths don't have the same drive")
        return str(paths[0])

    for name in ("c/a.png", "d/a.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    monkeypatch.setattr(os.path, "commonpath", no_common_path)
    names = [file.name for file in find_files([tmp_path / "c", tmp_path / "d"]).files]
    whole = tmp_path.relative_to(tmp_path.anchor).as_posix()
    assert names == [f"{whole}/c/a.png", f"{whole}/d/a.png"]
