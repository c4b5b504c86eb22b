from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.data.audit import LabelFinding, audit
from pxgen.data.audited import keep_seen
from pxgen.data.dataset import Dataset, DatasetWriter, open_dataset
from tests.tiny import PALETTE, tiny_dataset

NAMES = ("ring", "hood", "scar", "noise")
WRONG = 7
"""Sprites labelled as wearing a ring that show none and hide it under nothing."""


def heads(folder: Path, *, traces: bool = False) -> Dataset:
    """Heads in random colours; rings show unless a hood covers them, scars are two dark pixels."""
    generator = np.random.default_rng(3)
    marks = (generator.random((2000, 4)) < (0.4, 0.3, 0.4, 0.5)).astype(np.uint8)
    pixels = np.zeros((2000, 1, 6, 8), np.uint8)
    pixels[:, 0, 1:5, 2:6] = generator.integers(1, 3, (2000, 1, 1))
    # Either pixel of a scar alone is an eye or a mouth of somebody else.
    eye, mouth = generator.random((2, 2000)) < 0.4
    pixels[eye | (marks[:, 2] == 1), 0, 2, 3] = 3
    pixels[mouth | (marks[:, 2] == 1), 0, 3, 4] = 3
    pixels[(eye & mouth) & (marks[:, 2] == 0), 0, 3, 4] = 1
    pixels[marks[:, 0] == 1, 0, 4, 1] = 4
    pixels[marks[:, 1] == 1, 0, 0:6, 0:2] = 1
    if traces:
        # Without a hood the same pixel says nothing.
        pixels[marks[:, :2].all(1) | (eye & (marks[:, 1] == 0)), 0, 5, 7] = 3
    plain = np.flatnonzero((marks[:, 0] == 0) & (marks[:, 1] == 0))[:WRONG]
    marks[plain, 0] = 1
    writer = DatasetWriter(
        folder / "dataset.safetensors",
        palette=PALETTE,
        label_names=NAMES,
        canvas=(1, 6, 8),
        info={},
    )
    with writer:
        writer.append(pixels, marks, [f"{i}.png" for i in range(2000)])
        writer.finish(np.zeros(2000, np.uint8), np.arange(2000, dtype="i4"))
    return open_dataset(folder)


@pytest.fixture
def findings(tmp_path: Path) -> dict[str, LabelFinding]:
    return {finding.name: finding for finding in audit(heads(tmp_path)).findings}


def test_labels_are_visible_hidden_or_absent(
    findings: dict[str, LabelFinding], tmp_path: Path
) -> None:
    dataset = open_dataset(tmp_path)
    ring, hood = dataset.labels[:, 0] == 1, dataset.labels[:, 1] == 1
    seen = findings["ring"]
    assert seen.labelled == ring.sum()
    assert seen.visible == (ring & ~hood).sum() - WRONG
    assert seen.occluded == (ring & hood).sum()
    assert seen.absent == WRONG
    assert seen.hidden_by == ("hood",)


def test_labels_that_only_several_pixels_show_are_found(findings: dict[str, LabelFinding]) -> None:
    assert findings["scar"].informative
    assert findings["scar"].visible == findings["scar"].labelled


def test_a_label_that_pixels_do_not_show_is_not_judged(findings: dict[str, LabelFinding]) -> None:
    assert not findings["noise"].informative
    assert findings["noise"].facts()["visible"] is None


PUNKS = os.environ.get("PXGEN_TEST_CPUNKS", "")


@pytest.mark.skipif(not PUNKS, reason="PXGEN_TEST_CPUNKS does not name the collection")
def test_hidden_earrings_are_found_without_being_told(tmp_path: Path) -> None:
    out = tmp_path / "punks"
    assert CliRunner().invoke(pxgen, ["prepare", PUNKS, "-o", str(out)]).exit_code == 0
    seen = next(
        finding for finding in audit(open_dataset(out)).findings if finding.name == "Earring"
    )
    assert (seen.labelled, seen.visible, seen.occluded, seen.absent) == (2459, 1976, 483, 0)
    assert "Hoodie" in seen.hidden_by


def test_inspect_tells_what_the_audit_found(tmp_path: Path) -> None:
    heads(tmp_path)
    result = CliRunner().invoke(pxgen, ["inspect", str(tmp_path), "--audit"])
    assert result.exit_code == 0
    assert f"hidden (beside hood), {WRONG} absent" in result.stdout
    assert f"suspicious: label 'ring': not seen on {WRONG} of its bearers" in result.stdout


def test_only_labelled_datasets_can_be_audited(tmp_path: Path) -> None:
    tiny_dataset(tmp_path, labels=False)
    result = CliRunner().invoke(pxgen, ["inspect", str(tmp_path), "--audit"])
    assert result.exit_code == 2
    assert "no labels to look at" in result.stderr


def test_training_learns_nothing_from_labels_that_are_not_seen(tmp_path: Path) -> None:
    before = heads(tmp_path)
    ring, hood = before.labels[:, 0] == 1, before.labels[:, 1] == 1
    keep_seen(before.path, tmp_path / "audited.safetensors", lambda line: None)
    after = open_dataset(tmp_path / "audited.safetensors")
    signs = after.signs(np.arange(len(after)))
    assert after.fingerprint != before.fingerprint
    assert np.array_equal(after.pixels, before.pixels)
    assert (signs[ring & hood, 0] == 0).all()
    assert (signs[~ring, 0] == -1).all()
    assert (signs[:, 0] == 1).sum() == (ring & ~hood).sum() - WRONG
    # What sprites came with is not lost, so an audit of the audited finds the same.
    again = next(finding for finding in audit(after).findings if finding.name == "ring")
    assert (again.labelled, again.absent) == (ring.sum(), WRONG)


def test_a_trace_of_what_is_hidden_can_be_learnt_from(tmp_path: Path) -> None:
    before = heads(tmp_path, traces=True)
    both = before.labels[:, :2].all(1)
    ring = next(finding for finding in audit(before).findings if finding.name == "ring")
    assert (ring.occluded, ring.traces, ring.absent) == (both.sum(), both.sum(), WRONG)
    keep_seen(before.path, tmp_path / "audited.safetensors", lambda line: None)
    after = open_dataset(tmp_path / "audited.safetensors")
    assert (after.signs(np.flatnonzero(both))[:, 0] == 1).all()


def test_prepare_audits_on_request(tmp_path: Path) -> None:
    out = tmp_path / "cast"
    asked = ["prepare", "--builtin", "-n", "60", "--audit", "-o", str(out)]
    result = CliRunner().invoke(pxgen, asked)
    assert result.exit_code == 0, result.output
    assert open_dataset(out).unseen is not None
    assert [each.name for each in tmp_path.iterdir()] == ["cast"]
    Image.new("RGBA", (4, 4), (9, 9, 9, 255)).save(tmp_path / "plain.png")
    asked = ["prepare", str(tmp_path / "plain.png"), "--audit", "-o", str(tmp_path / "x")]
    result = CliRunner().invoke(pxgen, asked)
    assert result.exit_code == 2
    assert "no labels to audit" in result.stderr
    assert not (tmp_path / "x").exists()


def test_inspect_tells_what_preparing_found(tmp_path: Path) -> None:
    before = heads(tmp_path / "heads")
    keep_seen(before.path, tmp_path / "audited" / "dataset.safetensors", lambda line: None)
    result = CliRunner().invoke(pxgen, ["inspect", str(tmp_path / "audited")])
    assert result.exit_code == 0
    assert f"hidden, {WRONG} absent" in result.stdout
    plain = np.flatnonzero((before.labels[:, 0] == 1) & (before.labels[:, 1] == 0))
    (named,) = (line for line in result.stdout.splitlines() if line.strip().startswith("absent in"))
    assert {name.strip() for name in named.split("in", 1)[1].split(",")} <= {
        f"{i}.png" for i in plain
    }
