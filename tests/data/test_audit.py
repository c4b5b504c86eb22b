"""The label audit: visible, hidden and absent labels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.data.audit import LabelFinding, audit
from pxgen.data.dataset import open_dataset
from tests.support.heads import WRONG, heads
from tests.support.tiny import tiny_dataset


@pytest.fixture
def findings(tmp_path: Path) -> dict[str, LabelFinding]:
    return {finding.name: finding for finding in audit(heads(tmp_path)).findings}


def test_labels_are_visible_hidden_or_absent(
    findings: dict[str, LabelFinding], tmp_path: Path
) -> None:
    dataset = open_dataset(tmp_path)
    ring, hood = dataset.marks[:, 0] == 1, dataset.marks[:, 1] == 1
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
