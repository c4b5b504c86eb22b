"""`inspect --labels`: what the sprites of a label have in common."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.data.dataset import Dataset, DatasetWriter, open_dataset
from pxgen.evaluation.label_study import study
from pxgen.render.figure import figure_palette
from pxgen.render.png import decode_png
from tests.support.tiny import PALETTE


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Eight grey sprites: hats are a green pixel on top, half of them beside a red scarf below."""
    pixels = np.full((8, 1, 4, 5), 4, np.uint8)
    marks = np.array([[1, 1], [1, 1], [1, 0], [1, 0], [0, 0], [0, 0], [0, 0], [0, 0]], np.uint8)
    pixels[marks[:, 0] == 1, 0, 0, 2] = 2
    pixels[marks[:, 1] == 1, 0, 3, 1:4] = 1
    writer = DatasetWriter(
        tmp_path / "d" / "dataset.safetensors",
        palette=PALETTE,
        label_names=["hat", "scarf"],
        canvas=(1, 4, 5),
        info={},
    )
    with writer:
        writer.append(pixels, marks, [f"{i}.png" for i in range(8)])
        writer.finish(np.zeros(8, np.uint8), np.arange(8, dtype="i4"))
    return open_dataset(tmp_path / "d")


def test_heat_is_how_differently_bearers_are_coloured(dataset: Dataset) -> None:
    found = study(dataset)
    hat, scarf = found.heat[:, 0]
    assert hat[0, 2] == 1
    assert np.allclose(hat[3, 1:4], 0.5)
    assert np.allclose(scarf[3, 1:4], 1)
    assert scarf[0, 2] == pytest.approx(1 - 2 / 6)
    assert np.count_nonzero(hat) == np.count_nonzero(scarf) == 4


def test_labels_tell_their_company_place_and_colours(dataset: Dataset) -> None:
    found = study(dataset)
    assert found.together.tolist() == [[4, 2], [2, 2]]
    hat, scarf = found.facts(0), found.facts(1)
    assert scarf["company"] == ["hat"]
    assert hat["with"] == {"scarf": 2}
    assert scarf["where"] == {"rows": [0, 3], "columns": [1, 3]}
    colors = {each["color"]: (each["share"], each["others"]) for each in scarf["colors"]}
    assert colors["c80000ff"] == pytest.approx((6 / 40, 0))
    assert colors["00c800ff"] == pytest.approx((2 / 40, 2 / 120), abs=1e-6)


def test_inspect_labels_writes_heat_maps(dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "labels.png"
    asked = ["inspect", str(dataset.path), "--labels", "-o", str(out)]
    result = CliRunner().invoke(pxgen, asked)
    assert result.exit_code == 0
    assert "most beyond their due with scarf (2)" in result.stdout
    indices, palette = decode_png(out)
    assert palette == figure_palette()
    assert indices.shape[1] > 2 * 72
    facts = json.loads(CliRunner().invoke(pxgen, [*asked[:3], "--json"]).stdout)
    assert facts["labels"]["hat"]["with"] == {"scarf": 2}


def test_only_labelled_datasets_can_be_studied(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no dataset")
    result = CliRunner().invoke(pxgen, ["inspect", str(tmp_path / "a.png"), "--labels"])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
