"""`lint --like`: a collection's own sprites say what is usual."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.data.dataset import Dataset
from pxgen.lint.checks import Finding
from pxgen.lint.customs import Customs
from tests.support.drawings import THREE
from tests.support.tiny import labelled


def eyed(eyes: int) -> np.ndarray:
    """``(H, W)``: a square of 100 pixels with so many orphan pixels in it."""
    maps = np.zeros((12, 12), np.uint8)
    maps[1:11, 1:11] = 1
    for eye in range(eyes):
        maps[2 + 2 * (eye // 4), 2 + 2 * (eye % 4)] = 2
    return maps


def collection(folder: Path, eyes: list[int]) -> Dataset:
    pixels = np.stack([eyed(n) for n in eyes])[:, None]
    folder.mkdir()
    none = np.zeros(len(eyes), np.uint8)
    return labelled(folder, pixels, np.zeros((len(eyes), 0), np.uint8), none, THREE)


def test_a_limit_is_what_nearly_all_sprites_keep_to(tmp_path: Path) -> None:
    limits = Customs.of(collection(tmp_path / "d", [2] * 199 + [9])).limits
    assert limits["orphan-pixels"] == pytest.approx(0.02)
    assert limits["jaggies"] == limits["semi-transparent"] == 0


def test_no_sprite_of_a_small_collection_is_unusual_in_it(tmp_path: Path) -> None:
    limits = Customs.of(collection(tmp_path / "d", [0] * 19 + [3])).limits
    assert limits["orphan-pixels"] == pytest.approx(0.03)


@pytest.mark.parametrize(("count", "told"), [(2, False), (3, True)])
def test_only_more_than_usual_is_told_with_the_limit(count: int, told: bool) -> None:
    rgba = THREE.rgba[eyed(count)][None]
    found = Finding("orphan-pixels", count, "pixels", None, fixable=False)
    beyond = list(Customs({"orphan-pixels": 0.02}).beyond([found], rgba))
    assert bool(beyond) == told
    if told:
        usual = "pixels: 3 % of the opaque ones, where 99 of 100 sprites have at most 2 %"
        assert beyond[0].what == usual


def test_what_is_never_meant_is_told_whatever_the_collection_does() -> None:
    found = Finding("hidden-colours", 1, "pixels", None, fixable=True)
    assert list(Customs({}).beyond([found], THREE.rgba[eyed(0)][None])) == [found]


def test_the_command_judges_by_the_collection(tmp_path: Path) -> None:
    collection(tmp_path / "d", [2] * 30)
    for count in (2, 6):
        Image.fromarray(THREE.rgba[eyed(count)]).save(tmp_path / f"{count}.png")
    files = [str(tmp_path / "2.png"), str(tmp_path / "6.png")]
    like = ["--like", str(tmp_path / "d")]
    result = CliRunner().invoke(pxgen, ["lint", *files, *like, "--json"])
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert [[f["rule"] for f in row["findings"]] for row in rows] == [[], ["orphan-pixels"]]
    assert CliRunner().invoke(pxgen, ["lint", files[0], *like]).exit_code == 0
    assert CliRunner().invoke(pxgen, ["lint", files[0], "--like", "nope"]).exit_code == 3
