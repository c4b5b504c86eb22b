"""Files appear whole or not at all, and one process at a time writes a folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PureWindowsPath

import pytest

from pxgen.errors import BusyError, PxgenError
from pxgen.files import (
    check_writable,
    existing_folder,
    extended,
    folder_lock,
    kept_aside,
    replacing,
    write_bytes,
    write_text,
)


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "a.txt"
    assert write_text(target, "line\nönd\n") == target
    assert target.read_bytes() == "line\nönd\n".encode()
    write_bytes(target, b"other")
    assert target.read_bytes() == b"other"
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt(), OSError(28, "full")])
def test_a_failure_leaves_what_stood_there(tmp_path: Path, error: BaseException) -> None:
    target = write_bytes(tmp_path / "a", b"before")
    told = PxgenError if isinstance(error, OSError) else type(error)
    with pytest.raises(told), replacing(target) as temporary:
        temporary.write_bytes(b"half")
        assert target.read_bytes() == b"before"
        raise error
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = write_bytes(tmp_path / "a", b"before")
    with replacing(target) as temporary:
        temporary.write_bytes(b"after")
        assert target.read_bytes() == b"before"
        # On one file system: elsewhere a rename would be a copy.
        assert temporary.parent == tmp_path
    assert target.read_bytes() == b"after"


def refuse(path: Path) -> bool:
    raise PermissionError(13, "no")


def test_what_could_not_be_written_is_told_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PxgenError, match=r"^cannot write .*b\.png: .*file is a file, "):
        check_writable(tmp_path / "file" / "a" / "b.png")
    with pytest.raises(PxgenError, match=r": it is a folder$"):
        check_writable(tmp_path)
    with monkeypatch.context() as closed, pytest.raises(PxgenError, match=r"^cannot write .*: no$"):
        closed.setattr(Path, "exists", refuse)
        check_writable(tmp_path / "b.png")
    check_writable(tmp_path / "new" / "b.png")
    assert not (tmp_path / "new").exists()
    # Of the superuser no folder is read-only.
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(PxgenError, match=r"^cannot write .*b\.png: .* is not writable"):
        check_writable(tmp_path / "new" / "b.png")


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PxgenError, match=r"^cannot write .*file/a: ") as told:
        write_bytes(tmp_path / "file" / "a", b"")
    assert "\n" not in str(told.value)


def test_names_as_long_as_can_be_are_written(tmp_path: Path) -> None:
    assert write_bytes(tmp_path / ("n" * 255), b"x").read_bytes() == b"x"


def test_a_source_that_will_be_replaced_is_kept(tmp_path: Path) -> None:
    hero = write_bytes(tmp_path / "hero.png", b"drawn by hand")
    other = write_bytes(tmp_path / "other.png", b"of no concern")
    sources = [tmp_path / "." / "hero.png", tmp_path / "none.png"]
    targets = [hero, other, tmp_path / "new.png"]
    assert list(kept_aside(targets, sources)) == [(hero, tmp_path / "hero-given.png")]
    assert list(kept_aside(targets, sources)) == [(hero, tmp_path / "hero-given2.png")]
    assert list(kept_aside(targets, [])) == []
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["hero-given.png", "hero-given2.png", "hero.png", "other.png"]
    assert (tmp_path / "hero-given.png").read_bytes() == b"drawn by hand"


@pytest.mark.skipif(sys.platform == "win32", reason="knows no such locks")
def test_a_folder_is_written_by_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "one"
    with (
        folder_lock(folder),
        pytest.raises(BusyError, match="another process"),
        folder_lock(folder),
    ):
        pass
    with folder_lock(folder):
        pass
    assert list(folder.iterdir()) == []


def test_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    assert existing_folder(tmp_path / "a" / "b") == tmp_path
    assert existing_folder(tmp_path) == tmp_path


def test_files_are_flushed_where_a_descriptor_must_be_open_for_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows' ``_commit`` has it."""

    def commit(descriptor: int) -> None:
        os.write(descriptor, b"")

    monkeypatch.setattr(os, "fsync", commit)
    assert write_bytes(tmp_path / "a", b"x").read_bytes() == b"x"


def test_long_names_of_any_script_are_written(tmp_path: Path) -> None:
    assert write_bytes(tmp_path / ("𝄞" * 62), b"x").read_bytes() == b"x"


def test_long_paths_of_windows_are_written_in_their_extended_form() -> None:
    for folder, wanted in (
        ("C:\\", "\\\\?\\C:\\"),
        ("\\\\host\\share\\", "\\\\?\\UNC\\host\\share\\"),
    ):
        assert extended(PureWindowsPath(folder + "a")) == folder + "a"
        long = extended(PureWindowsPath(folder + "d" * 300))
        assert long == wanted + "d" * 300
        assert extended(PureWindowsPath(long)) == long


def test_a_drive_that_is_missing_as_a_whole_ends_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = iter(range(20))
    monkeypatch.setattr(Path, "is_dir", lambda path: next(asked) > 20)
    assert existing_folder(Path("/a/b")) == Path("/")


@pytest.mark.skipif(sys.platform == "win32", reason="opens no folder")
def test_a_folder_that_cannot_be_opened_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PxgenError, match="Permission denied"), folder_lock(tmp_path):
        pass
