"""The dataset file: its round trip and its damage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from pxgen.data.dataset import DatasetWriter, open_dataset
from pxgen.errors import InputError
from pxgen.palette import Palette

PALETTE = Palette.of([(255, 0, 0), (0, 255, 0), (0, 0, 255)])
FINGERPRINT = "94fed5b430f747bffc8b94db42b2d38779892b845609f3fcb0224228f80d9a2a"
"""Of what :func:`write` writes, by the version before frames had names."""


def write(path: Path, count: int = 20) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 4, (count, 1, 5, 7), dtype=np.uint8)
    labels = generator.integers(0, 2, (count, 2), dtype=np.uint8)
    split = (np.arange(count) % 5 == 0).astype(np.uint8)
    writer = DatasetWriter(
        path, palette=PALETTE, label_names=["cat", "dög"], canvas=(1, 5, 7), info={"source": "test"}
    )
    with writer:
        for start in range(0, count, 6):
            part = slice(start, min(start + 6, count))
            names = [f"{i}.png" for i in range(part.start, part.stop)]
            writer.append(pixels[part], labels[part], names)
        writer.finish(split, np.arange(count, dtype=np.int32))
    return pixels, labels


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "dataset.safetensors"
    pixels, labels = write(file)
    for path in (file, tmp_path):
        dataset = open_dataset(path)
        np.testing.assert_array_equal(dataset.pixels, pixels)
        np.testing.assert_array_equal(dataset.marks, labels)
        assert dataset.palette == PALETTE
        assert dataset.label_names == ("cat", "dög")
        assert dataset.names == tuple(f"{i}.png" for i in range(20))
        assert list(dataset.held_out) == [0, 5, 10, 15]
        assert len(dataset.train) == 16
        assert dataset.canvas == (1, 5, 7)


def test_any_safetensors_reader_opens_it(tmp_path: Path) -> None:
    pixels, _ = write(tmp_path / "d.safetensors")
    with safe_open(tmp_path / "d.safetensors", framework="np") as file:
        np.testing.assert_array_equal(file.get_tensor("pixels"), pixels)
        assert json.loads(file.metadata()["pxgen.dataset"])["format"] == 1


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_error_leaves_the_old_dataset_and_no_rubbish(tmp_path: Path) -> None:
    file = tmp_path / "dataset.safetensors"
    write(file)
    before = file.read_bytes()
    writer = DatasetWriter(file, palette=PALETTE, label_names=[], canvas=(1, 5, 7), info={})
    with pytest.raises(ValueError, match="do not fit"), writer:
        writer.append(np.zeros((1, 1, 5, 7), np.uint8), np.zeros((1, 0), np.uint8), ["x"])
        writer.append(np.zeros((1, 1, 6, 7), np.uint8), np.zeros((1, 0), np.uint8), ["x"])
    with pytest.raises(RuntimeError, match="finish"), writer:
        pass
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 2000, -1])
def test_a_truncated_file_is_one_clear_line(tmp_path: Path, keep: int) -> None:
    file = tmp_path / "dataset.safetensors"
    write(file)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InputError, match=str(file)) as caught:
        open_dataset(file)
    assert "\n" not in str(caught.value)


def test_pixels_outside_the_palette_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "dataset.safetensors"
    pixels, _ = write(file)
    content = bytearray(file.read_bytes())
    content[content.index(pixels.tobytes()) + 3] = 200
    file.write_bytes(bytes(content))
    with pytest.raises(InputError, match="outside its 4-colour palette"):
        open_dataset(file).take(np.arange(20))


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"pixels": np.zeros((1, 1, 2, 2), np.uint8)}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="no pxgen dataset"):
        open_dataset(tmp_path / "x.safetensors")


def test_a_missing_dataset_says_how_to_make_one(tmp_path: Path) -> None:
    """A folder without one is a folder of sprites."""
    with pytest.raises(InputError, match=r"pxgen prepare SOURCE -o .*nothing`"):
        open_dataset(tmp_path / "nothing")
    with pytest.raises(InputError, match=f"pxgen prepare {re.escape(str(tmp_path))}`"):
        open_dataset(tmp_path)


def _of_views(path: Path, **finish: np.ndarray) -> None:
    """Four clips of a front and a back."""
    pixels = np.random.default_rng(1).integers(0, 4, (4, 2, 5, 7), dtype=np.uint8)
    writer = DatasetWriter(
        path,
        palette=PALETTE,
        label_names=[],
        canvas=(2, 5, 7),
        info={},
        frame_names=("front", "back"),
    )
    with writer:
        writer.append(pixels, np.zeros((4, 0), np.uint8), list("abcd"))
        writer.finish(np.array([0, 0, 0, 1], np.uint8), np.arange(4, dtype=np.int32), **finish)


def test_names_of_frames_and_missing_ones_are_kept(tmp_path: Path) -> None:
    _of_views(tmp_path / "whole")
    whole = open_dataset(tmp_path / "whole")
    assert (whole.frame_names, whole.present) == (("front", "back"), None)
    assert whole.complete() is whole
    present = np.array([[1, 1], [1, 0], [1, 1], [0, 1]], bool)
    _of_views(tmp_path / "part", present=present)
    part = open_dataset(tmp_path / "part")
    assert part.present is not None
    np.testing.assert_array_equal(part.present, present)
    assert part.fingerprint != whole.fingerprint
    assert [list(rows) for rows in (part.train, part.held_out)] == [[0, 1, 2], [3]]
    complete = part.complete()
    assert [list(rows) for rows in (complete.train, complete.held_out)] == [[0, 2], []]


def test_a_dataset_without_names_says_nothing_of_them(tmp_path: Path) -> None:
    """Its bytes are those of versions before there were names."""
    write(tmp_path / "d.safetensors")
    with safe_open(tmp_path / "d.safetensors", framework="np") as file:
        assert "present" not in file.keys()  # noqa: SIM118 - it is no mapping
        assert "frames" not in json.loads(file.metadata()["pxgen.dataset"])
    dataset = open_dataset(tmp_path / "d.safetensors")
    assert (dataset.frame_names, dataset.present) == ((), None)
    assert dataset.fingerprint == FINGERPRINT


@pytest.mark.parametrize(
    "present", [np.ones((4, 3), bool), np.ones((3, 2), bool), np.eye(4, 2, dtype=bool)]
)
def test_sprites_without_any_frame_are_refused(tmp_path: Path, present: np.ndarray) -> None:
    _of_views(tmp_path / "d", present=present)
    with pytest.raises(InputError, match="sprites without frames"):
        open_dataset(tmp_path / "d")
