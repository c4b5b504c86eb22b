"""Sprites in NumPy files, read chunk by chunk: a file may be larger than memory."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from pxgen.arrays import Bytes, Rgba
from pxgen.errors import InputError
from pxgen.ingest.archives import is_file, open_file, open_seekable, size_of
from pxgen.palette import Palette

ARRAY_SUFFIXES = frozenset({".npy", ".npz"})
COMPANIONS = ("labels", "palette", "label_names")
"""``hero_labels.npy`` belongs to ``hero.npy`` and holds no sprites."""

IMAGE_KEYS = ("pixels", "images", "sprites", "x", "x_train", "data", "arr_0")
LABEL_KEYS = ("labels", "label", "y", "y_train", "targets", "arr_1")
NAME_KEYS = ("label_names", "class_names", "classes")

_CHUNK_PIXELS = 1 << 19
_MAX_WHOLE_BYTES = 1 << 30
_MAX_SPRITE_VALUES = 1 << 24
"""Most numbers of one sprite: a few kilobytes of zip could otherwise fill memory."""
_MIXABLE = (1, 2, 3, 4)


def is_companion(path: Path) -> bool:
    """True of a file with the labels or the palette of an array beside it."""
    return path.suffix.lower() == ".npy" and any(
        path.stem.endswith(("_" + kind, "." + kind)) for kind in COMPANIONS
    )


@dataclass(frozen=True)
class ArrayFile:
    """An array of sprites, and its interpretation by shape, type and range."""

    path: Path
    member: str | None
    """Its name inside an ``.npz``."""
    shape: tuple[int, ...]
    to_rgba: Callable[[NDArray[Any]], Rgba]
    """``(n, …)`` as stored to ``(n, T, H, W, 4) uint8``."""
    described: str
    """The interpretation in words."""

    def __len__(self) -> int:
        return self.shape[0]

    def chunks(self) -> Iterator[Rgba]:
        """Yield ``(n, T, H, W, 4) uint8`` in file order, in bounded memory."""
        for chunk in _stream(self.path, self.member):
            yield self.to_rgba(chunk)


def open_array(path: Path, fallback: Palette | None) -> ArrayFile:
    """Decide how to read the sprites of an ``.npy`` or ``.npz`` file.

    Colours are ``(N, H, W, C)`` or ``(N, T, H, W, C)``, with planes first as ``(N, C, H, W)`` too;
    C is grey, grey + alpha, RGB or RGBA. Integers without C are index maps where a palette belongs
    to them (the key ``palette``, a sibling ``*_palette.npy``, or ``fallback``), else grey levels.

    Raises:
        InputError: damaged, pickled, of a shape or range that cannot be sprites.
    """
    member = _image_member(path)
    shape, dtype = _header(path, member)
    if len(shape) == 3 and shape[-1] in {3, 4} and shape[1] > 4:
        raise InputError(f"{path}: one picture of shape {shape}; put a first axis before it")
    if not 3 <= len(shape) <= 5 or math.prod(shape) == 0:
        raise InputError(f"{path}: shape {shape} is not (N, H, W[, C]) or (N, T, H, W, C)")
    if math.prod(shape[1:]) > _MAX_SPRITE_VALUES:
        raise InputError(f"{path}: sprites of shape {shape[1:]} are too large")
    if dtype.kind not in "buif":
        raise InputError(f"{path}: elements of type {dtype} are no pixels")
    if math.prod(shape) * dtype.itemsize > _bytes_promised(path, member):
        raise InputError(f"{path}: truncated: it ends before its last sprite")
    table = _own_palette(path)
    low, high, whole = _range(path, member)
    if table is None and fallback is not None and _fits(dtype, shape, high, fallback):
        table = fallback.rgba
    if table is not None and dtype.kind in "bui" and not _has_planes(shape):
        return _indexed(path, member, shape, table, (low, high))
    scale = _value_scale(path, dtype, (low, high, whole))
    if dtype.kind in "ui" and len(shape) == 3 and high < 32:
        raise InputError(
            f"{path}: values up to {high:.0f} look like palette indices: give --palette, or store "
            "a `palette` beside them"
        )
    planes, axes = _plane_axis(shape)
    return ArrayFile(
        path, member, shape, lambda chunk: _from_planes(scale(chunk), planes), f"{axes} {dtype}"
    )


def read_small(path: Path, member: str | None = None) -> NDArray[Any]:
    """Load a whole array, such as labels; never a pickle.

    Raises:
        InputError: damaged, pickled or larger than 1 GiB.
    """
    shape, dtype = _header(path, member)
    if math.prod(shape) * dtype.itemsize > _MAX_WHOLE_BYTES:
        raise InputError(f"{path}: {shape} {dtype} is too large for this use")
    with _opened(path, member) as file:
        return np.asarray(npy.read_array(file, allow_pickle=False))


def members(path: Path) -> tuple[str, ...]:
    """The arrays inside an ``.npz``; empty for an ``.npy``.

    Raises:
        InputError: not a zip file.
    """
    if path.suffix.lower() != ".npz":
        return ()
    with _zipped(path) as archive:
        return tuple(name.removesuffix(".npy") for name in archive.namelist())


def companion(path: Path, kind: str) -> NDArray[Any] | None:
    """The labels, palette or label names that belong to an array, or None."""
    keys = {"labels": LABEL_KEYS, "label_names": NAME_KEYS}.get(kind, (kind,))
    inside = members(path)
    for key in keys:
        if key in inside:
            return read_small(path, key)
    for separator in "_.":
        sibling = path.with_name(f"{path.stem}{separator}{kind}.npy")
        if is_file(sibling):
            return read_small(sibling)
    return None


def _image_member(path: Path) -> str | None:
    inside = members(path)
    if path.suffix.lower() != ".npz":
        return None
    for key in IMAGE_KEYS:
        if key in inside:
            return key
    raise InputError(f"{path}: no array called {', '.join(IMAGE_KEYS)}; it has {', '.join(inside)}")


def _own_palette(path: Path) -> Rgba | None:
    table = companion(path, "palette")
    if table is None:
        return None
    if table.ndim != 2 or table.shape[1] not in {3, 4} or not 1 <= len(table) <= 256:
        raise InputError(f"{path}: its palette has shape {table.shape}, not (K, 3) or (K, 4)")
    if table.dtype.kind not in "buif":
        raise InputError(f"{path}: its palette holds {table.dtype} instead of numbers")
    if table.dtype.kind == "f" and table.max() <= 1:
        table = np.round(table * 255)
    if not ((table >= 0) & (table <= 255)).all():
        raise InputError(f"{path}: its palette holds values outside 0 to 255")
    rgba = np.full((len(table), 4), 255, np.uint8)
    rgba[:, : table.shape[1]] = table
    return rgba


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Turn whatever damaged bytes make a decoder raise into one line that names the file."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: not a whole NumPy file ({reason})") from error


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    with _damage_named(path), ExitStack() as stack:
        if member is None:
            yield stack.enter_context(open_file(path))
        else:
            archive = stack.enter_context(_zipped(path))
            yield stack.enter_context(archive.open(member + ".npy"))


@contextmanager
def _zipped(path: Path) -> Iterator[zipfile.ZipFile]:
    with (
        _damage_named(path),
        open_seekable(path, _MAX_WHOLE_BYTES) as file,
        zipfile.ZipFile(file) as archive,
    ):
        yield archive


def _bytes_promised(path: Path, member: str | None) -> int:
    with _damage_named(path):
        if member is None:
            return size_of(path)
        with _zipped(path) as archive:
            return archive.getinfo(member + ".npy").file_size


def _read_header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if dtype.hasobject:
        raise InputError(f"{path}: holds pickled objects, which are never loaded")
    return shape, fortran, dtype


def _header(path: Path, member: str | None) -> tuple[tuple[int, ...], np.dtype[Any]]:
    with _opened(path, member) as file:
        shape, _, dtype = _read_header(file, path)
    return shape, dtype


def _stream(path: Path, member: str | None) -> Iterator[NDArray[Any]]:
    with _opened(path, member) as file:
        shape, fortran, dtype = _read_header(file, path)
        if fortran:
            raise InputError(f"{path}: in Fortran order; save np.ascontiguousarray(...) of it")
        each = math.prod(shape[1:])
        step = max(1, _CHUNK_PIXELS // max(1, each))
        for start in range(0, shape[0], step):
            count = min(step, shape[0] - start)
            size = count * each * dtype.itemsize
            raw = file.read(size)
            if len(raw) != size:
                raise InputError(f"{path}: truncated: it ends before its last sprite")
            yield np.frombuffer(raw, dtype).reshape(count, *shape[1:])


def _range(path: Path, member: str | None) -> tuple[float, float, bool]:
    """Least and greatest value, and whether all are whole; bytes of colour need no look."""
    shape, dtype = _header(path, member)
    if dtype == np.uint8 and _has_planes(shape):
        return 0, 255, True
    low, high, whole = math.inf, -math.inf, True
    for chunk in _stream(path, member):
        low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
        if dtype.kind == "f":
            if not np.isfinite(chunk).all():
                raise InputError(f"{path}: holds values that are not finite numbers")
            whole = whole and bool((chunk == np.rint(chunk)).all())
    return low, high, whole


def _value_scale(
    path: Path, dtype: np.dtype[Any], extent: tuple[float, float, bool]
) -> Callable[[NDArray[Any]], Bytes]:
    low, high, whole = extent
    if dtype.kind == "b":
        return lambda chunk: chunk.astype(np.uint8) * np.uint8(255)
    if dtype.kind == "f" and low >= 0 and high <= 1:
        return lambda chunk: np.rint(chunk * 255).astype(np.uint8)
    if low < 0 or high > 255 or not whole:
        raise InputError(
            f"{path}: values from {low:g} to {high:g} are neither 0..1 nor whole numbers 0..255"
        )
    return lambda chunk: chunk.astype(np.uint8)


def _fits(dtype: np.dtype[Any], shape: tuple[int, ...], high: float, palette: Palette) -> bool:
    return dtype.kind in "ui" and not _has_planes(shape) and high < len(palette)


def _has_planes(shape: tuple[int, ...]) -> bool:
    return len(shape) == 5 or (len(shape) == 4 and shape[-1] in _MIXABLE)


def _indexed(
    path: Path,
    member: str | None,
    shape: tuple[int, ...],
    table: Rgba,
    extent: tuple[float, float],
) -> ArrayFile:
    low, high = extent
    if len(shape) == 5 or low < 0 or high >= len(table):
        raise InputError(
            f"{path}: index maps {shape} with values {low:g} to {high:g} do not fit their palette "
            f"of {len(table)} colours"
        )

    def to_rgba(chunk: NDArray[Any]) -> Rgba:
        # NumPy takes booleans for a mask, not for numbers.
        entries = chunk.astype(np.uint8)
        return np.asarray(table[entries[:, None] if chunk.ndim == 3 else entries], np.uint8)

    kind = "index maps" if len(shape) == 3 else "clips of index maps"
    return ArrayFile(path, member, shape, to_rgba, f"{kind} of {len(table)} colours")


def _plane_axis(shape: tuple[int, ...]) -> tuple[int | None, str]:
    """The axis of the colour planes, and the axes in words."""
    if len(shape) == 3:
        return None, "(N, H, W) grey"
    if shape[-1] in _MIXABLE:
        return -1, "(N, T, H, W, C)" if len(shape) == 5 else "(N, H, W, C)"
    if len(shape) == 4 and shape[1] in {1, 3, 4}:
        return 1, "(N, C, H, W)"
    if len(shape) == 5 and shape[2] in {1, 3, 4}:
        return 2, "(N, T, C, H, W)"
    return None, "(N, T, H, W) grey"


def _from_planes(chunk: Bytes, axis: int | None) -> Rgba:
    """Grey, grey + alpha, RGB or RGBA planes at ``axis`` to ``(n, T, H, W, 4)``."""
    planes = chunk[..., None] if axis is None else np.moveaxis(chunk, axis, -1)
    if planes.ndim == 4:
        planes = planes[:, None]
    rgba = np.full((*planes.shape[:-1], 4), 255, np.uint8)
    count = planes.shape[-1]
    if count in {2, 4}:
        rgba[..., 3] = planes[..., -1]
    rgba[..., :3] = planes[..., :1] if count <= 2 else planes[..., :3]
    return rgba
