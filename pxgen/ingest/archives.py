"""Zip archives read as if they were folders; nothing that they hold is ever written.

A file in an archive has the path that it would have in a folder of the archive's name:
``sprites.zip/knight/0.png``. Names with ``..`` or from a root are such names like any other.
"""

from __future__ import annotations

import codecs
import errno
import io
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO
from zipfile import ZipFile, ZipInfo

from pxgen.errors import InputError
from pxgen.names import apart

SUFFIX = ".zip"
MAX_ENTRIES = 2**18
MAX_BYTES = 2**32
"""Bytes of all files of an archive, unpacked."""
MAX_DIRECTORY = 2**26
"""Bytes of an archive's list of its files, which is read at once."""
_DRIVE = re.compile(r"[A-Za-z]:")
_PASSWORD = 1
"""Flag of an entry that is encrypted."""


@dataclass(frozen=True)
class _Archive:
    file: ZipFile
    entries: dict[str, ZipInfo]
    """Visible files by their names."""


class _ShortReads(io.FileIO):
    """A file of which only so much is read at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise InputError("lists too many files")
        return super().read(-1 if size is None else size)


def is_archive(path: Path) -> bool:
    """True of a zip archive, by its name."""
    return path.suffix.lower() == SUFFIX and path.is_file()


def files_in(archive: Path) -> list[Path]:
    """Every visible file in an archive, by the path that it would have in a folder.

    Raises:
        InputError: damaged, or with more files or bytes than are accepted.
    """
    return [archive / name for name in _archive(archive).entries]


def open_file(path: Path) -> IO[bytes]:
    """Open a file, in an archive or not.

    Raises:
        OSError: it cannot be read, or is damaged or encrypted in its archive.
    """
    if (place := _place(path)) is None:
        return path.open("rb")
    archive, entry = place
    if entry.flag_bits & _PASSWORD:
        raise OSError(errno.EACCES, "encrypted: unpack the archive first")
    with _damage_told():
        return archive.file.open(entry)


def open_seekable(path: Path, limit: int) -> IO[bytes]:
    """Open a file to be read back and forth; one in an archive is unpacked into memory.

    Raises:
        OSError: it cannot be read, or has more than ``limit`` bytes in an archive.
    """
    within = _place(path) is not None
    return io.BytesIO(content_of(path, limit)) if within else path.open("rb")


def size_of(path: Path) -> int:
    """The bytes of a file, in an archive or not.

    Raises:
        OSError: there is none.
    """
    place = _place(path)
    return path.stat().st_size if place is None else place[1].file_size


def content_of(path: Path, limit: int) -> bytes:
    """The bytes of a file, in an archive or not, if they are no more than ``limit``.

    Raises:
        OSError: it cannot be read, or has more.
    """
    if size_of(path) > limit:
        raise OSError(errno.EFBIG, f"a file of more than {limit >> 20} MB")
    with open_file(path) as file, _damage_told():
        return file.read()


@contextmanager
def _damage_told() -> Iterator[None]:
    """Errors of whatever is read in an archive; those of files have their own words."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # damaged bytes make zlib, bz2 and lzma raise anything
        raise OSError(errno.EIO, f"damaged in its archive ({error})") from error


def text_of(path: Path, limit: int) -> str:
    """The text of a file, in an archive or not, with line feeds alone at its lines' ends.

    It is UTF-8, or UTF-16 with its mark, as spreadsheets save what they call Unicode text.

    Raises:
        OSError: it cannot be read, or has more than ``limit`` bytes.
        UnicodeDecodeError: neither of the two.
    """
    content = content_of(path, limit)
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_file(path: Path) -> bool:
    """True of a file that is there, in an archive or not."""
    try:
        return path.is_file() or _place(path) is not None
    except OSError:
        return False


def _place(path: Path) -> tuple[_Archive, ZipInfo] | None:
    """The archive that a path leads into, and the file there; None of a path in folders alone.

    Raises:
        FileNotFoundError: the archive holds no such file.
    """
    for parent in path.parents:
        if is_archive(parent):
            archive = _archive(parent)
            entry = archive.entries.get(path.relative_to(parent).as_posix())
            if entry is None:
                raise FileNotFoundError(2, "No such file in the archive", str(path))
            return archive, entry
    return None


def _archive(path: Path) -> _Archive:
    try:
        about = path.stat()
        return _opened(path.absolute(), about.st_mtime_ns, about.st_size)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # damaged bytes make zipfile raise anything
        raise InputError(f"{path}: no whole zip archive ({error})") from error


@lru_cache(maxsize=4)
def _opened(path: Path, changed: int, size: int) -> _Archive:
    """An archive, open; its time and size tell it from what lay there before."""
    with _ShortReads(path) as raw:
        # Opened for its list alone first: how long that is stands in the file's last bytes.
        listed = ZipFile(raw).infolist()
    if len(listed) > MAX_ENTRIES:
        raise InputError(f"more than {MAX_ENTRIES} files in one archive")
    if sum(entry.file_size for entry in listed) > MAX_BYTES:
        raise InputError(f"more than {MAX_BYTES >> 30} GB in one archive: unpack it first")
    files = [each for each in listed if not (each.is_dir() or _is_link(each))]
    named = [(name, entry) for entry in files if (name := _plain(entry.filename))]
    names = apart(name for name, _ in named)
    return _Archive(ZipFile(path), dict(zip(names, (entry for _, entry in named), strict=True)))


def _is_link(entry: ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _plain(name: str) -> str:
    """A name without the parts that lead elsewhere; empty of hidden files."""
    parts = [part for part in name.replace("\\", "/").split("/") if part.strip(".")]
    if parts and _DRIVE.fullmatch(parts[0]):
        del parts[0]
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return "" if hidden else "/".join(parts)
