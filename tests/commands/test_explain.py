"""``pxgen explain``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.render.figure import figure_palette
from pxgen.render.png import decode_png


@pytest.mark.parametrize("topic", ["convolution", "simplex", "gumbel"])
def test_pictures_replace_nothing_unasked(
    topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(pxgen, ["explain", topic])
    assert (result.exit_code, result.stdout) == (0, f"{topic}.png\n")
    assert decode_png(Path(f"{topic}.png"))[1] == figure_palette()
    assert CliRunner().invoke(pxgen, ["explain", topic]).exit_code == 2
    assert CliRunner().invoke(pxgen, ["explain", topic, "--force"]).exit_code == 0


def test_the_simplex_moves(tmp_path: Path) -> None:
    out = tmp_path / "simplex.gif"
    assert CliRunner().invoke(pxgen, ["explain", "simplex", "-o", str(out)]).exit_code == 0
    with Image.open(out) as image:
        assert image.n_frames == 24  # type: ignore[attr-defined]
    wrong = CliRunner().invoke(pxgen, ["explain", "gumbel", "-o", str(tmp_path / "x.gif")])
    assert wrong.exit_code == 2
