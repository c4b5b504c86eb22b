"""The label audit: visible, hidden and absent labels."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.data.audit import MIN_HIDDEN, LabelFinding, _candidates, audit
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


def test_pairs_of_labels_are_looked_for_in_the_order_of_how_common_they_are() -> None:
    rng = np.random.default_rng(3)
    marks = rng.random((200, 12)) < rng.random(12)
    left = rng.random(200) < 0.7
    others = [k for k in range(12) if k != 5]
    pairs = [(i, i) for i in others] + [(i, j) for i in others for j in others if j < i]
    counts = marks[left].astype(int).T @ marks[left]
    wanted = [p for p in sorted(pairs, key=lambda p: -counts[p]) if counts[p] >= MIN_HIDDEN]
    assert list(_candidates(left, marks, 5)) == [(i,) if i == j else (i, j) for i, j in wanted]


def test_a_thousand_labels_are_audited_in_seconds() -> None:
    marks = np.random.default_rng(0).random((400, 1000)) < 0.02
    begun = time.process_time()
    for number in range(20):
        list(_candidates(marks[:, number], marks, number))
    assert time.process_time() - begun < 5


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


def test_a_handful_of_sprites_tells_nothing_of_their_labels(tmp_path: Path) -> None:
    """No pixel is shared by as many of them as a rule needs."""
    out = tmp_path / "few"
    result = CliRunner().invoke(
        pxgen, ["prepare", "--builtin", "-n", "9", "--audit", "-o", str(out)]
    )
    assert (result.exit_code, result.output.count("0 labels are hidden")) == (0, 1), result.output
    assert not any(finding.informative for finding in audit(open_dataset(out)).findings)
