"""Files that are damaged, hostile or something else: one clear line, status 3, nothing executed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save as safetensors_of

from pxgen.cli.app import pxgen
from tests.support.traps import SAMPLE, pickled, refused, torch_saved

DATASET, CHECKPOINT = "dataset/dataset.safetensors", "run/checkpoint.safetensors"
TRAIN = ("train", "--dataset", "dataset", "-o", "new")
RESUME = ("train", "--steps", "3", "-o", "run")
READERS = {
    DATASET: [("inspect", "dataset"), TRAIN],
    CHECKPOINT: [("inspect", "run"), SAMPLE, RESUME],
}
"""The commands that read each kind of file."""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[train\nsteps = 1", "pxgen.toml:1"),
        ("[train]\nsteps = 1\nsteps = 2", "pxgen.toml:3"),
        ("[trian]\nsteps = 1", "train"),
        ("train = 3", "table"),
        ("[train]\nstpes = 1", "steps"),
        ("[train]\nsteps = '20'", "pxgen.toml:2: train.steps"),
        ("[train]\nsteps = true", "whole number"),
        ("[train]\nsteps = -1", "at least"),
        ("[train]\nlr = nan", "finite"),
        ("[train]\nsteps = 1\nminutes = 1.0", "not both"),
        ("[train]\nprecision = 'fp64'", "bf16"),
        ("[data]\nsource = 'sprites'", "list"),
        ("[sample]\nscale = 65", "at most"),
        (b"\xff\xfe[train]", "UTF-8"),
        (b"[train]\n\0\1\2", "pxgen.toml:2"),
        ("x = " + "[" * 5000, "pxgen.toml"),
        ("#" * 2**21, "at most"),
    ],
    ids=lambda value: repr(value)[:24],
)
@pytest.mark.parametrize("command", ["train", "sample", "prepare"])
def test_a_malformed_project_file(here: Path, text: str | bytes, told: str, command: str) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    (here / "pxgen.toml").write_bytes(content)
    assert told in refused(*([command, "x"] if command == "prepare" else [command]))


@pytest.mark.parametrize(
    "line", ["width = 'big'", "widht = 8", "family = 'maskd'", "recipe = 3", "depth = 99"]
)
def test_a_malformed_model_table(here: Path, line: str) -> None:
    (here / "pxgen.toml").write_text(f"[model]\n{line}\n")
    assert "pxgen.toml:2: model." in refused(*TRAIN)


def hollow() -> bytes:
    """An empty tensor of a shape that no machine has room to describe."""
    entry = {"dtype": "U8", "shape": [2**62, 2**62, 0, 1], "data_offsets": [0, 0]}
    header = json.dumps({"pixels": entry}).encode()
    return len(header).to_bytes(8, "little") + header


@pytest.mark.parametrize("file", [DATASET, CHECKPOINT])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08",
        b"\xff" * 16,
        (2**63).to_bytes(8, "little") + b"{}",
        (2**24).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"{}",
        (4096).to_bytes(8, "little") + b"[" * 4096,
        pickled,
        torch_saved,
        lambda: safetensors_of({"weights.position": np.zeros(3, np.float32)}),
        hollow,
    ],
    ids=lambda content: getattr(content, "__name__", repr(content)[:30]),
)
def test_a_file_that_is_something_else(
    here: Path, file: str, content: bytes | Callable[[], bytes]
) -> None:
    (here / file).write_bytes(content() if callable(content) else content)
    for command in READERS[file]:
        if (command[0], file) != ("train", CHECKPOINT) or command == RESUME:
            assert Path(file).name in refused(*command)


@pytest.mark.parametrize("file", [DATASET, CHECKPOINT])
def test_a_truncated_file(here: Path, file: str) -> None:
    content = (here / file).read_bytes()
    for share in (0.01, 0.2, 0.5, 0.9, 0.999):
        (here / file).write_bytes(content[: int(share * len(content))])
        for command in READERS[file]:
            assert file in refused(*command)


def opened(path: Path) -> tuple[dict[str, Any], bytes]:
    """The header and the bytes of the tensors of a safetensors file."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def closed(header: dict[str, Any], body: bytes) -> bytes:
    raw = json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + body


@pytest.mark.parametrize(
    ("tensor", "change"),
    [
        ("pixels", {"shape": [24, 1, 6, 9]}),
        ("pixels", {"shape": [24, 48]}),
        ("pixels", {"shape": [24, -1, 6, -8]}),
        ("pixels", {"shape": [12, 2, 6, 8]}),
        ("pixels", {"shape": [48, 1, 6, 4]}),
        ("pixels", {"dtype": "F32"}),
        ("pixels", {"dtype": ["U8"]}),
        ("pixels", {"data_offsets": [0, 2**62]}),
        ("pixels", {"data_offsets": [-8, 1144]}),
        ("pixels", {"data_offsets": [0, float("inf")]}),
        ("labels", {"shape": [48, 1]}),
        ("split", {"shape": [2, 12]}),
        ("group", {"dtype": "U8"}),
        ("group", {"shape": None}),
    ],
)
def test_a_dataset_of_wrong_shapes(here: Path, tensor: str, change: dict[str, Any]) -> None:
    header, body = opened(here / DATASET)
    header[tensor] |= change
    (here / DATASET).write_bytes(closed(header, body))
    if change.get("shape") == [12, 2, 6, 8]:
        # Half as many clips of two frames fit the bytes, not the labels.
        assert "disagree" in refused(*TRAIN)
    for command in READERS[DATASET]:
        assert DATASET in refused(*command)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["left"]},
        {"labels": "left"},
        {"labels": None},
        {"labels": ["left", 2]},
        {"palette": ["00000000"]},
        {"palette": ["ff0000ff"]},
        {"palette": ["00000000"] * 300},
        {"palette": ["zz"]},
        {"format": 99},
        {"format": float("inf")},
        {"info": []},
        {"fingerprint": None},
    ],
    ids=str,
)
def test_a_dataset_whose_tables_do_not_fit(here: Path, change: dict[str, Any]) -> None:
    header, body = opened(here / DATASET)
    about = json.loads(header["__metadata__"]["pxgen.dataset"]) | change
    header["__metadata__"]["pxgen.dataset"] = json.dumps(about)
    (here / DATASET).write_bytes(closed(header, body))
    for command in READERS[DATASET]:
        refused(*command)


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"step": 1}},
        {"training": {"settings": []}},
        {"training": {"settings": {}}},
        {"stage": 7},
        {"stage": -1},
        {"step": "many"},
        {"step": None},
        {"seconds": float("inf"), "step": float("inf")},
        {"best": []},
        {"settings": 5},
    ],
    ids=str,
)
def test_a_checkpoint_that_cannot_be_resumed_still_samples(
    here: Path, change: dict[str, Any]
) -> None:
    header, body = opened(here / CHECKPOINT)
    about = json.loads(header["__metadata__"]["pxgen.checkpoint"])
    if "training" in change:
        about |= change
    else:
        about["training"] |= change
    header["__metadata__"]["pxgen.checkpoint"] = json.dumps(about)
    (here / CHECKPOINT).write_bytes(closed(header, body))
    assert "--fresh" in refused(*RESUME)
    assert CliRunner().invoke(pxgen, SAMPLE).exit_code == 0


@pytest.mark.parametrize("prefix", ["weights", "raw", "optimizer"])
@pytest.mark.parametrize("change", ["missing", "shape"])
def test_a_checkpoint_whose_tensors_do_not_fit(here: Path, prefix: str, change: str) -> None:
    header, body = opened(here / CHECKPOINT)
    name = next(n for n in header if n.startswith(f"{prefix}.") and len(header[n]["shape"]) == 2)
    if change == "missing":
        del header[name]
    else:
        header[name]["shape"].reverse()
        assert header[name]["shape"][0] != header[name]["shape"][1]
    (here / CHECKPOINT).write_bytes(closed(header, body))
    assert CHECKPOINT in refused(*RESUME)
    if prefix == "weights":
        assert CHECKPOINT in refused(*SAMPLE)


@pytest.mark.parametrize(
    "text", ["{", "[]\n", '{"step": 1}\n', "null\n", '{"step":"x","stage_index":0}\n']
)
def test_damaged_metrics_stop_a_resumption(here: Path, text: str) -> None:
    (here / "run" / "metrics.jsonl").write_text(text)
    assert "metrics.jsonl" in refused(*RESUME)
