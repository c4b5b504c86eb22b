"""The safetensors container: what is written is read anywhere, what lies is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file

from pxgen.data.tensorfile import StreamWriter, read_header
from pxgen.errors import InputError

ARRAYS = st.sampled_from(["u1", "<i4", "<i8", "<f2", "<f4"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0))
)


@given(st.dictionaries(st.text("abc", min_size=1), ARRAYS, max_size=4))
def test_what_is_written_is_read_by_any_reader(
    tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, np.ndarray]
) -> None:
    path = tmp_path_factory.mktemp("file") / "a.safetensors"
    with path.open("wb") as file:
        writer = StreamWriter(file, 4096)
        for name, array in arrays.items():
            writer.add(name, array)
        writer.finish({"by": "test"})
    header, theirs = read_header(path), load_file(path)
    assert header.metadata == {"by": "test"}
    assert theirs.keys() == header.entries.keys() == arrays.keys()
    for name, array in arrays.items():
        entry = header.entries[name]
        np.testing.assert_array_equal(theirs[name], array)
        np.testing.assert_array_equal(header.read(name, entry.dtype, array.ndim), array)


def test_a_tensor_may_grow_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with path.open("wb") as file:
        writer = StreamWriter(file, 100)
        for row in range(3):
            writer.write(np.full((1, 2), row, np.uint8))
        writer.close_tensor("rows", "U8", (3, 2))
        writer.finish({})
    assert load_file(path)["rows"].tolist() == [[0, 0], [1, 1], [2, 2]]


def test_a_header_that_outgrows_its_room_is_an_error_of_ours(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file, pytest.raises(ValueError, match="outgrew"):
        StreamWriter(file, 64).finish({"long": "x" * 100})


def described(path: Path, entry: object, content: bytes = bytes(8), length: int | None = None):  # type: ignore[no-untyped-def]
    """A file of eight bytes of content that says ``entry`` of its one tensor."""
    header = json.dumps({"a": entry}).encode()
    count = len(header) if length is None else length
    path.write_bytes(count.to_bytes(8, "little") + header + content)
    return path


def tensor(shape: list[object], start: object = 0, stop: object = 8, dtype: str = "U8") -> object:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_a_whole_file_is_taken(tmp_path: Path) -> None:
    path = described(tmp_path / "a", tensor([2, 4]))
    assert read_header(path).read("a", "U8", 2).shape == (2, 4)
    for asked in (("b", "U8", 2), ("a", "I32", 2), ("a", "U8", 3)):
        with pytest.raises(InputError, match="make the file again"):
            read_header(path).read(*asked)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (tensor([3]), "does not match its bytes"),
        (tensor([9]), "does not match its bytes"),
        (tensor([2], dtype="F32", stop=9), "does not match its bytes"),
        (tensor([8], 1, 9), "outside the file"),
        (tensor([8], -8, 0), "outside the file"),
        (tensor([0], 4, 4, "I64"), "does not begin where"),
        (tensor([4], 4, 8), "does not begin where"),
        (tensor([4], 0, 4), "more in it than its tensors"),
        (tensor([-2, -4]), "outside the file"),
        (tensor([2**41, 0], 0, 0), "impossible shape"),
        (tensor([2] * 9, 0, 512), "impossible shape"),
        (tensor(["x"]), "malformed"),
        (tensor([1e400]), "malformed"),
        (tensor([8.5]), "malformed"),
        (tensor([8], "0"), "malformed"),
        (3, "malformed"),
    ],
)
def test_what_a_header_says_must_hold(tmp_path: Path, entry: object, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_header(described(tmp_path / "a", entry))


def test_a_tensor_may_be_empty(tmp_path: Path) -> None:
    path = described(tmp_path / "a", tensor([0], 0, 0, "I64"), content=b"")
    assert read_header(path).read("a", "I64", 1).shape == (0,)


def test_tensors_do_not_share_bytes(tmp_path: Path) -> None:
    """By which a file of megabytes would be read as one of terabytes."""
    path, header = tmp_path / "a", json.dumps({f"x{n}": tensor([8]) for n in range(400)}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(InputError, match="does not begin where the one before it ends"):
        read_header(path)


@pytest.mark.parametrize("length", [2**63, 2**24 + 1, 100])
def test_a_header_longer_than_its_file_is_not_read(tmp_path: Path, length: int) -> None:
    with pytest.raises(InputError, match="does not fit the file"):
        read_header(described(tmp_path / "a", tensor([8]), length=length))


def test_a_header_of_more_than_is_reasonable_is_not_read(tmp_path: Path) -> None:
    """However much of the file it fills."""
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.write((2**24 + 1).to_bytes(8, "little"))
        # A hole: no disk is filled.
        file.truncate(2**25)
    with pytest.raises(InputError, match="does not fit the file"):
        read_header(path)
