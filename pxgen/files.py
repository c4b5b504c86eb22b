"""Atomic writes, and folders that one process at a time may write to."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PureWindowsPath
from threading import RLock

from pxgen.errors import BusyError, PxgenError, UsageError

if sys.platform != "win32":
    import fcntl


MAX_WINDOWS_PATH = 200
"""Letters; a folder ends at 248 of them, and the temporary file's name takes 50."""


@contextmanager
def replacing(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; on success it takes the target's name at once.

    The temporary file lives in the target's folder, because only a rename within one file system
    is atomic. On any error it is removed and whatever stood at ``target`` stays untouched.

    Raises:
        PxgenError: the folder or the file cannot be written.
    """
    target = Path(target)
    if sys.platform == "win32":
        target = Path(extended(PureWindowsPath(target.absolute())))
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise PxgenError(f"cannot write {target}: {_reason(error)}") from error
    finally:
        # Where the folder itself could not be made there is nothing to remove.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def extended(path: PureWindowsPath) -> str:
    """An absolute path of Windows in the form that may be longer than 260 letters."""
    text = str(path)
    if len(text) < MAX_WINDOWS_PATH or text.startswith("\\\\?\\"):
        return text
    return "\\\\?\\UNC" + text[1:] if text.startswith("\\\\") else "\\\\?\\" + text


def write_bytes(target: str | os.PathLike[str], content: bytes) -> Path:
    """Write ``content`` to ``target`` whole or not at all, and return the path."""
    with replacing(target) as temporary:
        temporary.write_bytes(content)
    return Path(target)


def write_text(target: str | os.PathLike[str], content: str) -> Path:
    """Write UTF-8 text with LF line ends whole or not at all, and return the path."""
    return write_bytes(target, content.encode("utf-8"))


def check_writable(target: Path) -> None:
    """Refuse a file that clearly cannot be written, before long work whose result it is.

    Raises:
        PxgenError: a folder stands there, or a file where its folder would, or nobody may write.
    """
    folder = target.absolute().parent
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if target.is_dir():
            raise PxgenError(f"cannot write {target}: it is a folder")
        if not folder.is_dir():
            raise PxgenError(f"cannot write {target}: {folder} is a file, not a folder")
        if not os.access(folder, os.W_OK):
            raise PxgenError(f"cannot write {target}: {folder} is not writable, choose another")
    except OSError as error:
        raise PxgenError(f"cannot write {target}: {error.strerror or error}") from error


def kept_aside(targets: Iterable[Path], sources: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Copy each source that a target will replace to a free name beside it, and yield both.

    Raises:
        PxgenError: the copy cannot be written.
    """
    files = [source for source in sources if source.is_file()]
    for target in targets if files else ():
        if target.is_file() and any(target.samefile(source) for source in files):
            names = (f"{target.stem}-given{end}{target.suffix}" for end in ("", *range(2, 10_000)))
            aside = next(free for free in map(target.with_name, names) if not free.exists())
            yield target, write_bytes(aside, target.read_bytes())


def refuse_sources(targets: Iterable[Path], sources: Iterable[Path]) -> None:
    """Refuse to replace what is read.

    Raises:
        UsageError: a target is one of the sources.
    """
    # A name may be too long for any file.
    there = [source for source in sources if os.path.exists(source)]
    for target in targets if there else ():
        # Of a link the link itself is replaced.
        if not os.path.exists(target) or os.path.islink(target):
            continue
        if any(os.path.samefile(target, source) for source in there):
            raise UsageError(f"{target} is one of the sources: name another with -o")


PILLOW = RLock()
"""Held while Pillow reads: its limit of pixels and Python's warnings are the whole process's."""


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Lock a folder, made if need be, against other processes for a block.

    Where the system or the file system knows no locks, as on Windows, nobody is kept out.

    Raises:
        BusyError: another process is inside.
        PxgenError: the folder cannot be made or opened.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The folder itself is locked, so nothing stays behind, whatever ends this process.
        descriptor = None if sys.platform == "win32" else os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise PxgenError(f"cannot write {folder}: {_reason(error)}") from error
    if sys.platform == "win32" or descriptor is None:
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(f"another process writes to {folder}") from error
        except OSError:
            # Some network file systems know no locks; a training must not fail for that.
            pass
        yield
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a file stands where a folder would"
    return error.strerror or str(error)


def existing_folder(path: Path) -> Path:
    """The nearest existing folder at or above ``path``: it lies on the same disk."""
    folder = path.absolute()
    # A drive may be missing as a whole.
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _flush_to_disk(path: Path) -> None:
    """fsync: a rename can reach the disk before the content, and a power cut lose the file."""
    # Windows flushes no descriptor that is open for reading alone.
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
