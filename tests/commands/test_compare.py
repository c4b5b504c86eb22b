"""``pxgen compare``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pxgen.checkpoint.card import KEY, read_card
from pxgen.checkpoint.runs import METRICS, Metrics
from pxgen.cli.app import pxgen
from pxgen.config.settings import TrainSettings
from pxgen.evaluation.comparison_sheet import CAPTION_HEIGHT
from pxgen.render.png import decode_png
from tests.support.tiny import PALETTE, tiny_dataset


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    line = ["compare", *arguments, "--dataset", str(folder), "-o", str(folder / "out")]
    result = CliRunner().invoke(pxgen, line)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def data(tmp_path: Path) -> Path:
    tiny_dataset(tmp_path, count=96)
    return tmp_path


def test_index_models_stay_in_the_palette_and_rgba_models_leave_it(data: Path) -> None:
    code, out, _ = run(data, "ae", "ae-rgba", "--steps", "120", "--validate-every", "20", "--json")
    assert code == 0
    index, rgba = json.loads(out)
    assert [index["recipe"], rgba["recipe"]] == ["ae", "ae-rgba"]
    assert index["in_palette_unsnapped"] == 1.0
    assert rgba["foreground_in_palette_unsnapped"] < 1.0
    assert index["exact"] > 0.9
    assert (index["cpu_seconds_to_0.95"] or 0) <= index["cpu_seconds"]
    assert index["bits"] is None
    assert json.loads((data / "out" / "compare.json").read_text()) == [index, rgba]
    sheet, palette = decode_png(data / "out" / "compare.png")
    assert palette.rows[: len(PALETTE)] == PALETTE.rows
    # The originals, then reconstructions, ways and samples of each, under lines of text.
    assert sheet.shape == (3 * 7 * (CAPTION_HEIGHT + 8), 3 * (16 * 9 + 1))
    ink = len(PALETTE)
    captions = (sheet[3 * row * (CAPTION_HEIGHT + 8) :][: 3 * CAPTION_HEIGHT] for row in range(7))
    assert all((line == ink).any() for line in captions)
    assert sheet.min() > 0


def test_what_is_trained_is_not_trained_again(data: Path) -> None:
    assert run(data, "vae", "--steps", "4")[0] == 0
    before = (data / "out" / "vae" / "checkpoint.safetensors").read_bytes()
    code, out, _ = run(data, "vae", "masked", "--steps", "4")
    assert code == 0
    assert (data / "out" / "vae" / "checkpoint.safetensors").read_bytes() == before
    lines = out.splitlines()
    assert lines[0].split()[0] == "recipe"
    assert [line.split()[0] for line in lines[1:]] == ["vae", "masked"]


def test_unknown_recipes_are_named_before_anything_is_trained(data: Path) -> None:
    code, _, said = run(data, "ae", "vea", "--steps", "4")
    assert code == 2
    assert "no recipe is called vea" in said
    assert not (data / "out").exists()


def test_project_files_are_compared_beside_recipes(data: Path, tmp_path: Path) -> None:
    planes = tmp_path / "planes.toml"
    planes.write_text('[model]\nrecipe = "vae"\nencoding = "sigmoid"\n[train]\nlr = 0.5\n')
    code, out, _ = run(data, "vae", str(planes), "--steps", "4", "--json")
    assert code == 0
    assert [row["recipe"] for row in json.loads(out)] == ["vae", "planes"]
    _, header = read_card(data / "out" / "planes")
    about = json.loads(header.metadata[KEY])
    assert about["model"]["encoding"] == "sigmoid"
    assert about["training"]["settings"]["lr"] == TrainSettings().lr


@pytest.mark.parametrize(
    ("beside", "text", "code", "message"),
    [
        ("ae", '[model]\nrecipe = "vae"\nwidht = 8\n', 3, "vae.toml:3: model.widht: unknown key"),
        ("vae", '[model]\nrecipe = "vae"\n', 2, "two of the models are called vae"),
        ("ae", None, 3, "cannot read"),
    ],
)
def test_project_files_are_checked_before_anything_is_trained(
    data: Path, tmp_path: Path, beside: str, text: str | None, code: int, message: str
) -> None:
    file = tmp_path / "vae.toml"
    if text is not None:
        file.write_text(text)
    status, _, said = run(data, beside, str(file), "--steps", "4")
    assert (status, message in said) == (code, True), said
    assert not (data / "out").exists()


def test_runs_of_names_that_differ_in_case_alone_would_share_a_folder(
    data: Path, tmp_path: Path
) -> None:
    for name in ("Vae", "vae"):
        (tmp_path / f"{name}.toml").write_text('[model]\nrecipe = "vae"\n')
    status, _, said = run(data, *(f"{tmp_path}/{n}.toml" for n in ("Vae", "vae")), "--steps", "4")
    assert (status, "two of the models are called vae" in said) == (2, True), said


def test_what_stages_took_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The codec of a VQ-VAE learns after its labels: seconds to a goal are those of both."""
    tiny_dataset(tmp_path, count=96)
    monkeypatch.setattr("pxgen.commands.compare.GOALS", (0.01,))
    assert run(tmp_path, "vqvae", "--steps", "6", "--validate-every", "3", "--json")[0] == 0
    lines = Metrics.until(tmp_path / "out" / "vqvae" / METRICS).lines
    ends = [max(x["cpu_seconds"] for x in lines if x["stage_index"] == n) for n in range(5)]
    (report,) = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert report["cpu_seconds"] == pytest.approx(sum(ends))
    reached = next(line for line in lines if line.get("held_out_exact", 0) >= 0.01)
    assert reached["stage"] == "codec"
    assert report["cpu_seconds_to_0.01"] == pytest.approx(ends[0] + reached["cpu_seconds"])
