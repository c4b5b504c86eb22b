"""Datasets that keep what an audit found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.data.audit import audit
from pxgen.data.audited import keep_seen
from pxgen.data.dataset import open_dataset
from tests.support.heads import WRONG, heads


def test_training_learns_nothing_from_labels_that_are_not_seen(tmp_path: Path) -> None:
    before = heads(tmp_path)
    ring, hood = before.marks[:, 0] == 1, before.marks[:, 1] == 1
    keep_seen(before.path, tmp_path / "audited.safetensors", lambda line: None)
    after = open_dataset(tmp_path / "audited.safetensors")
    signs = after.signs(np.arange(len(after)))
    assert after.fingerprint != before.fingerprint
    assert np.array_equal(after.pixels, before.pixels)
    assert (signs[ring & hood, 0] == 0).all()
    assert (signs[~ring, 0] == -1).all()
    assert (signs[:, 0] == 1).sum() == (ring & ~hood).sum() - WRONG
    # What sprites came with is not lost, so an audit of the audited finds the same.
    again = next(sight for sight in audit(after).findings if sight.name == "ring")
    assert (again.labelled, again.absent) == (ring.sum(), WRONG)


def test_a_trace_of_what_is_hidden_can_be_learnt_from(tmp_path: Path) -> None:
    before = heads(tmp_path, traces=True)
    both = before.marks[:, :2].all(1)
    ring = next(sight for sight in audit(before).findings if sight.name == "ring")
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
    plain = np.flatnonzero((before.marks[:, 0] == 1) & (before.marks[:, 1] == 0))
    (named,) = (line for line in result.stdout.splitlines() if line.strip().startswith("absent in"))
    assert {name.strip() for name in named.split("in", 1)[1].split(",")} <= {
        f"{i}.png" for i in plain
    }
