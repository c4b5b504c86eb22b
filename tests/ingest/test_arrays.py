"""Arrays as sources."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.errors import InputError
from pxgen.ingest.arrays import companion, open_array, read_small
from pxgen.palette import Palette
from tests.support.preparing import run

GENERATOR = np.random.default_rng(0)
RGB = GENERATOR.integers(0, 256, (3, 5, 6, 3), dtype=np.uint8)


def read(path: Path, fallback: Palette | None = None) -> np.ndarray:
    return np.concatenate(list(open_array(path, fallback).chunks()))


def save(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


@pytest.mark.parametrize(
    "array",
    [
        RGB,
        RGB / 255,
        (RGB / 255).astype(np.float32),
        RGB.astype(np.float64),
        RGB.astype(np.int64),
        np.moveaxis(RGB, -1, 1),
        RGB[:, None],
    ],
    ids=["uint8", "unit", "unit32", "float255", "int64", "planes first", "clips"],
)
def test_colours_are_read_exactly_however_stored(tmp_path: Path, array: np.ndarray) -> None:
    rgba = read(save(tmp_path / "a.npy", np.ascontiguousarray(array)))
    assert rgba.shape == (3, 1, 5, 6, 4)
    np.testing.assert_array_equal(rgba[:, 0, ..., :3], RGB)
    assert (rgba[..., 3] == 255).all()


def test_grey_and_alpha_planes(tmp_path: Path) -> None:
    grey = RGB[..., 0]
    np.testing.assert_array_equal(read(save(tmp_path / "g.npy", grey))[:, 0, ..., 2], grey)
    alpha = read(save(tmp_path / "la.npy", RGB[..., :2]))
    np.testing.assert_array_equal(alpha[:, 0, ..., 0], grey)
    np.testing.assert_array_equal(alpha[:, 0, ..., 3], RGB[..., 1])
    mask = read(save(tmp_path / "b.npy", grey > 128))
    assert set(np.unique(mask[..., 0])) == {0, 255}


def test_index_maps_take_their_palette_from_beside_them_or_from_the_request(
    tmp_path: Path,
) -> None:
    table = np.array([[0, 0, 0, 0], [9, 8, 7, 255], [1, 2, 3, 255]], np.uint8)
    maps = GENERATOR.integers(0, 3, (4, 5, 6), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", pixels=maps, palette=table)
    np.testing.assert_array_equal(read(tmp_path / "a.npz")[:, 0], table[maps])
    save(tmp_path / "b.npy", maps)
    with pytest.raises(InputError, match=r"b\.npy.*palette indices.*--palette"):
        read(tmp_path / "b.npy")
    np.testing.assert_array_equal(read(tmp_path / "b.npy", Palette(table))[:, 0], table[maps])
    save(tmp_path / "b_palette.npy", table)
    np.testing.assert_array_equal(read(tmp_path / "b.npy")[:, 0], table[maps])


def test_clips_of_index_maps(tmp_path: Path) -> None:
    table = np.array([[0, 0, 0], [9, 8, 7]], np.uint8)
    maps = GENERATOR.integers(0, 2, (2, 8, 5, 6), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", pixels=maps, palette=table)
    np.testing.assert_array_equal(read(tmp_path / "a.npz")[..., :3], table[maps])


def test_large_arrays_come_in_chunks(tmp_path: Path) -> None:
    array = GENERATOR.integers(0, 256, (700, 32, 32, 3), dtype=np.uint8)
    np.savez_compressed(tmp_path / "a.npz", images=array)
    chunks = list(open_array(tmp_path / "a.npz", None).chunks())
    assert len(chunks) > 1
    np.testing.assert_array_equal(np.concatenate(chunks)[:, 0, ..., :3], array)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.full((2, 4, 5, 3), np.nan), "finite"),
        (np.full((2, 4, 5, 3), 300), "0..255"),
        (np.full((2, 4, 5, 3), -0.5), "0..1"),
        (np.zeros((4, 5), np.uint8), "shape"),
        (np.zeros((0, 4, 5, 3), np.uint8), "shape"),
        (np.zeros((2, 4, 5, 3), complex), "no pixels"),
        (np.asfortranarray(np.full((2, 4, 5, 3), 9, np.uint8)), "Fortran"),
        (np.zeros((16, 16, 3), np.uint8), "one picture"),
    ],
)
def test_what_cannot_be_sprites_is_refused(tmp_path: Path, array: np.ndarray, reason: str) -> None:
    with pytest.raises(InputError, match=rf"a\.npy.*{reason}"):
        read(save(tmp_path / "a.npy", array))


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="pickled"):
        open_array(path, None)
    with pytest.raises(InputError, match="pickled"):
        read_small(path)


def test_truncated_and_foreign_files_are_named(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", RGB)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"a\.npy: truncated"):
        read(path)
    for name in ("b.npy", "c.npz"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(InputError, match=name.replace(".", r"\.")):
            read(tmp_path / name)


def test_a_header_cannot_promise_more_than_the_file_holds(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", np.zeros((10, 8, 8, 3), np.uint8))
    path.write_bytes(path.read_bytes().replace(b"(10, 8,", b"(99, 8,"))
    with pytest.raises(InputError, match="truncated"):
        open_array(path, None)


@given(st.sampled_from(["npy", "npz"]), st.data())
def test_damage_is_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    stream = io.BytesIO()
    if kind == "npy":
        np.save(stream, RGB)
    else:
        np.savez_compressed(stream, images=RGB, labels=np.arange(3))
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / f"damaged.{kind}"
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        assert len(np.concatenate(list(open_array(path, None).chunks()))) > 0


def test_labels_are_found_inside_and_beside(tmp_path: Path) -> None:
    save(tmp_path / "a.npy", RGB)
    assert companion(tmp_path / "a.npy", "labels") is None
    save(tmp_path / "a_labels.npy", np.arange(3))
    np.testing.assert_array_equal(companion(tmp_path / "a.npy", "labels"), np.arange(3))
    stream = io.BytesIO()
    np.savez(stream, x=RGB, y=np.arange(3) + 1)
    (tmp_path / "b.npz").write_bytes(stream.getvalue())
    np.testing.assert_array_equal(companion(tmp_path / "b.npz", "labels"), np.arange(3) + 1)


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    ("palette", "told"),
    [
        (np.array([[0, 0, 300], [1, 1, 1]]), "outside 0 to 255"),
        (np.array([[0, 0, -1], [1, 1, 1]]), "outside 0 to 255"),
        (np.array([["a", "b", "c"]] * 2), "instead of numbers"),
        (np.array([[0.5, np.nan, 0.0]] * 2), "outside 0 to 255"),
    ],
)
def test_palettes_of_arrays_never_wrap(palette: np.ndarray, told: str) -> None:
    np.savez("maps.npz", pixels=np.zeros((3, 4, 4), np.uint8), palette=palette)
    result = run("maps.npz")
    assert (result.exit_code, told in result.stderr) == (3, True), result.stderr


@pytest.mark.usefixtures("work")
def test_an_array_of_a_sprite_too_large_is_refused_unread() -> None:
    np.savez_compressed("big.npz", pixels=np.zeros((1, 5000, 5000, 3), np.uint8))
    result = run("big.npz")
    assert (result.exit_code, "too large" in result.stderr) == (3, True), result.stderr


def test_maps_of_yes_and_no_are_index_maps_of_their_palette(tmp_path: Path) -> None:
    table = np.array([[0, 0, 0, 0], [9, 8, 7, 255]], np.uint8)
    maps = GENERATOR.integers(0, 2, (4, 5, 6)).astype(bool)
    np.savez(tmp_path / "a.npz", pixels=maps, palette=table)
    np.testing.assert_array_equal(read(tmp_path / "a.npz")[:, 0], table[maps.astype(int)])
