"""``pxgen evaluate`` from model and dataset to figures."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pxgen import builtin
from pxgen.canvas import Canvas, Domain
from pxgen.checkpoint.card import Card, checkpoint_file
from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.evaluation import judge
from pxgen.models.protocol import Model
from pxgen.render.png import decode_png
from tests.support.pages import data_of, line_of, sprites_of
from tests.support.tiny import LABELS, PALETTE, labelled, tiny_dataset, tiny_model, tiny_table


def write(folder: Path, model: Model, card: Card) -> None:
    save_checkpoint(checkpoint_file(folder), card, prefixed(model.module.state_dict(), "weights"))


@pytest.fixture(autouse=True)
def quick_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judge.train_judges.__kwdefaults__, "steps", 5)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a dataset and an untrained model of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dataset").mkdir()
    data = tiny_dataset(tmp_path / "dataset", count=60)
    (tmp_path / "run").mkdir()
    card = Card(dict(tiny_table()), data.canvas, PALETTE, LABELS, data.fingerprint)
    write(tmp_path / "run", tiny_model(of=data.domain), card)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["evaluate", *map(str, arguments)])


def test_it_draws_as_a_sampler_is_told_to(folder: Path) -> None:
    result = run("-m", "run", "-n", 2, "--steps", 2, "--temperature", 0.5, "--json")
    assert json.loads(result.stdout)["asked"]["temperature"] == 0.5
    result = run("-m", "run", "-n", 2, "--eta", 0.5)
    assert (result.exit_code, "no use for --eta" in result.stderr) == (2, True)


def test_one_json_document_with_a_run_for_each_number_of_steps(folder: Path) -> None:
    twice = ("-m", "run", "-n", 10, "--steps", 2, "--steps", 4, "--json", "--ask", "evenly")
    result = run(*twice, "--workers", 1)
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout, parse_constant=pytest.fail)
    assert facts["dataset"]["trained_on"] is True
    assert [each["steps"] for each in facts["runs"]] == [2, 4]
    assert facts["held_out_bits"]["sprites"] == 10
    for each in facts["runs"]:
        assert each["palette"] == {"pixels": 1.0, "identical": 1.0}
        assert [each["labels"]["labels"][name]["of"] for name in LABELS] == [5, 5]
        assert each["copies"]["exact"]["of"] == 10
        assert "legality" not in each
    assert str(folder) not in result.stdout
    again = run(*twice, "--workers", 2)
    assert again.stdout == result.stdout


def test_some_labels_can_be_asked_for_alone(folder: Path) -> None:
    asked = ("-m", "run", "-n", 6, "--steps", 2, "--json", "--label", "right")
    result = run(*asked)
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["asked"]["labels"] == "right, in turn"
    assert facts["runs"][0]["labels"]["labels"]["right"]["of"] == 6
    for wrong, said in (("rigt", "did you mean right?"), ("left:0.5", "without weights")):
        result = run(*asked, "--label", wrong)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr


def test_a_table_a_sheet_and_a_report(folder: Path) -> None:
    result = run("-m", "run", "-n", 4, "--steps", 2, "-o", "new/s.png", "-o", "new/r.json")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert any(line.startswith("held-out bits a sprite: ") for line in lines)
    (heading,) = [line for line in lines if line.startswith("copies ")]
    assert heading.split() == ["copies", "2", "steps", "held", "out"]
    rows = [re.split(r" {2,}", line) for line in lines]
    assert ["pixels in palette, %", "100.0"] in rows
    assert max(len(line) for line in lines if "  " in line) <= 100
    (stray,) = [row for row in rows if row[0] == "stray pixels, %"]
    assert all(re.fullmatch(r"[\d.]+ \([\d.]+ to [\d.]+\)", cell) for cell in stray[1:])
    assert "learnt by heart" in lines[-4]
    assert "does not know the rest" in lines[-3]
    assert lines[-2:] == ["new/s.png", "new/r.json"]
    assert json.loads(Path("new/r.json").read_text())["asked"]["samples"] == 4
    indices, palette = decode_png(Path("new/s.png"))
    assert palette == PALETTE
    assert indices.shape[0] >= 6


def test_the_page_shows_figures_and_the_nearest_training_sprites(folder: Path) -> None:
    result = run("-m", "run", "-n", 6, "--steps", 2, "-o", "r.html", "-o", "r.json")
    assert result.exit_code == 0, result.stderr
    text = Path("r.html").read_text("utf-8")
    page, facts = data_of(Path("r.html")), json.loads(Path("r.json").read_text())
    assert "://" not in text
    data = open_dataset(folder / "dataset")
    training = {data.pixels[i].tobytes() for i in data.train}
    drawn, real = sprites_of(page)
    assert len(drawn) == 6
    assert {sprite.tobytes() for sprite in real} <= training
    for number, gap in enumerate(page["novelty"]):
        least = min(int((data.pixels[i] != drawn[number]).sum()) for i in data.train)
        assert gap == least == int((drawn[number] != real[page["nearest"][number]]).sum())
    assert all(0 <= doubt <= 1 for doubt in page["doubts"])
    colors = facts["runs"][0]["craft"]["colors"]
    assert f"<td>{colors['value']:.3f} ({colors['low']:.3f} to {colors['high']:.3f})</td>" in text
    assert "learnt by heart" in text
    assert "<h1>run: 6 sprites, seed 0</h1>" in text


def test_sprites_of_a_report_are_drawn_again_from_what_is_kept(folder: Path) -> None:
    ways = ("--steps", 2, "--temperature", 0.5, "--seed", 3)
    assert run("-m", "run", "-n", 3, *ways, "-o", "r.html").exit_code == 0
    page = data_of(Path("r.html"))
    for number in range(3):
        Path("kept.jsonl").write_text(line_of(page, number))
        again = ["sample", "-m", "run", "--repeat", "kept.jsonl", "-o", "kept/"]
        result = CliRunner().invoke(pxgen, again)
        assert result.exit_code == 0, result.stderr
        indices, _ = decode_png(Path(result.stdout.strip()))
        assert np.array_equal(indices, sprites_of(page)[0][number, 0])


def test_unlabelled_models_are_measured_without_a_judge(folder: Path) -> None:
    data = tiny_dataset(folder / "dataset", labels=False)
    card = Card(dict(tiny_table()), data.canvas, PALETTE, (), data.fingerprint)
    write(folder / "run", tiny_model(of=data.domain), card)
    facts = json.loads(run("-m", "run", "-n", 3, "--steps", 2, "--json").stdout)
    assert "labels" not in facts["runs"][0]
    assert facts["asked"]["labels"] == "none"


def test_clips_are_measured_like_stills(folder: Path) -> None:
    data = tiny_dataset(folder / "dataset", frames=2)
    card = Card(dict(tiny_table()), data.canvas, PALETTE, LABELS, data.fingerprint)
    write(folder / "run", tiny_model(of=data.domain), card)
    result = run("-m", "run", "-n", 2, "--steps", 2, "--json", "-o", "s.png")
    assert json.loads(result.stdout)["runs"][0]["copies"]["exact"]["of"] == 2


@pytest.fixture
def starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An untrained model of the built-in characters, and no dataset."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    domain = Domain(Canvas(1, 24, 24), builtin.PALETTE.rows, len(builtin.HEADS.labels))
    card = Card(dict(tiny_table()), domain.canvas, builtin.PALETTE, builtin.HEADS.labels, "")
    write(tmp_path / "run", tiny_model(of=domain), card)
    return tmp_path


def test_built_in_models_are_judged_without_a_dataset(starter: Path) -> None:
    result = run("-m", "run", "-n", 2, "--steps", 1, "--json")
    facts = json.loads(result.stdout)
    assert facts["dataset"] is None
    assert facts["held_out_bits"] is None
    legality = facts["runs"][0]["legality"]
    assert legality["legal"]["count"] == 0
    assert legality["wrong_pixels"] > 0
    assert legality["new"] is None
    text = run("-m", "run", "-n", 2, "--steps", 1).stdout
    assert "need --dataset" in text


def test_a_dataset_beside_a_built_in_model_is_said_to_be_another_one(starter: Path) -> None:
    (starter / "dataset").mkdir()
    tiny_dataset(starter / "dataset")
    result = run("-m", "run", "-n", 2, "--steps", 1)
    assert "dataset is not what this model learnt from; judge by it with" in result.stderr
    assert "--dataset dataset" in result.stderr


def test_the_certifier_alone_judges_labels_of_built_in_characters(starter: Path) -> None:
    prepared = CliRunner().invoke(pxgen, ["prepare", "--builtin", "-n", "40", "-o", "cast"])
    assert prepared.exit_code == 0
    facts = json.loads(
        run("-m", "run", "--dataset", "cast", "-n", 2, "--steps", 1, "--json").stdout
    )
    assert {"legality", "copies", "distribution"} <= facts["runs"][0].keys()
    assert "labels" not in facts["runs"][0]


def test_a_dataset_of_another_model_is_rejected(folder: Path) -> None:
    (folder / "other").mkdir()
    tiny_dataset(folder / "other", frames=2)
    result = run("-m", "run", "--dataset", "other")
    assert result.exit_code == 3
    assert "canvas" in result.stderr
    tiny_dataset(folder / "other", labels=False)
    assert "label vocabulary" in run("-m", "run", "--dataset", "other").stderr


def test_a_dataset_that_was_not_trained_on_is_said_to_be_one(folder: Path) -> None:
    (folder / "other").mkdir()
    tiny_dataset(folder / "other", count=36)
    result = run("-m", "run", "--dataset", "other", "-n", 2, "--steps", 1)
    assert "not the dataset that the model was trained on" in result.stdout


def test_a_model_of_other_data_is_not_judged_by_the_projects(folder: Path) -> None:
    data = tiny_dataset(folder / "dataset", count=36)
    model = tiny_model(of=data.domain)
    card = Card(dict(tiny_table()), data.canvas, PALETTE, LABELS, "another")
    write(folder / "run", model, card)
    (folder / "broken").mkdir()
    (folder / "broken" / "dataset.safetensors").write_bytes(b"no dataset")
    result = run("-m", "run")
    assert result.exit_code == 2
    assert "neither on dataset nor on a dataset in a folder beside it" in result.stderr
    assert "--dataset FOLDER" in result.stderr
    write(folder / "run", model, dataclasses.replace(card, fingerprint=data.fingerprint))
    assert run("-m", "run", "-n", 2, "--steps", 1).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-m", "nothing"], 3, "nothing"),
        (["-m", "run", "--sampler", "rendom"], 2, "random"),
        (["-m", "run", "--dataset", "nowhere"], 3, "nowhere"),
        (["-m", "run", "-o", "x.jpg"], 2, "x.jpg"),
        (["-m", "run", "-n", "0"], 2, "0"),
    ],
)
def test_a_bad_request_is_one_clear_line(
    folder: Path, arguments: list[str], code: int, message: str
) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_dataset_without_a_held_out_part_has_no_bits(folder: Path) -> None:
    data = tiny_dataset(folder / "dataset")
    assert np.count_nonzero(data.split)
    pixels, labels = data.take(np.arange(len(data)))
    other = labelled(folder / "dataset", pixels, labels, np.zeros(len(data)))
    card = Card(dict(tiny_table()), other.canvas, PALETTE, other.label_names, other.fingerprint)
    write(folder / "run", tiny_model(of=other.domain), card)
    facts = json.loads(run("-m", "run", "-n", 2, "--steps", 1, "--json").stdout)
    assert facts["held_out_bits"] is None
    assert facts["references"]["copies"]["mean_distance"] is None
    assert {q["judge"] for q in facts["references"]["labels"]["labels"].values()} == {"folds"}


def test_the_dataset_that_a_model_was_trained_on_is_found_by_its_fingerprint(folder: Path) -> None:
    """Whatever `prepare -o` called it."""
    (folder / "dataset").rename(folder / "sprites")
    result = run("-m", "run", "-n", 2, "--steps", 1, "-o", "r.json")
    assert result.exit_code == 0, result.stderr
    assert "judged by sprites, the dataset that it was trained on" in result.stderr
    assert json.loads(Path("r.json").read_text())["dataset"]["trained_on"] is True


def test_neighbours_that_cannot_be_read_are_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that may not be entered, say, and a dataset that is damaged."""
    (folder / "dataset").rename(folder / "sprites")
    (folder / "closed").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "dataset.safetensors").write_bytes(b"no dataset")
    is_dir = Path.is_dir

    def refused(path: Path) -> bool:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", refused)
    result = run("-m", "run", "-n", 2, "--steps", 1)
    assert result.exit_code == 0, result.stderr
    assert "judged by sprites" in result.stderr


def test_of_other_datasets_the_header_alone_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    for name in ("a", "b"):
        (folder / name).mkdir()
        tiny_dataset(folder / name, count=36)
    (folder / "dataset").rename(folder / "sprites")
    monkeypatch.setattr(
        "pxgen.commands.choose.open_dataset",
        lambda path: opened.append(path.name) or open_dataset(path),
    )
    assert run("-m", "run", "-n", 2, "--steps", 1).exit_code == 0
    assert opened == ["sprites"]


def test_a_damaged_dataset_of_the_project_is_no_missing_one(starter: Path) -> None:
    """Even where the model could be judged without."""
    (starter / "dataset").mkdir()
    (starter / "dataset" / "dataset.safetensors").write_bytes(b"no dataset")
    result = run("-m", "run", "-n", 2, "--steps", 1)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "dataset.safetensors is no whole dataset" in result.stderr


def test_models_of_local_palettes_say_what_their_pictures_show(tmp_path: Path) -> None:
    colors = np.random.default_rng(0).integers(0, 256, (120, 1, 6, 6, 4), dtype=np.uint8)
    colors[..., 3] = 255
    np.save(tmp_path / "sprites.npy", colors[:, 0])
    dataset, model = tmp_path / "set", tmp_path / "run"
    prepared = CliRunner().invoke(
        pxgen,
        ["prepare", str(tmp_path / "sprites.npy"), "--palette", "local", "-o", str(dataset)],
    )
    assert prepared.exit_code == 0, prepared.stderr
    trained = CliRunner().invoke(
        pxgen, ["train", "--dataset", str(dataset), "--steps", "2", "-o", str(model)]
    )
    assert trained.exit_code == 0, trained.stderr
    sheet = tmp_path / "s.png"
    result = run("-m", model, "--dataset", dataset, "-n", 2, "--steps", 2, "-o", sheet)
    assert result.exit_code == 0, result.stderr
    assert "every sprite has a palette of its own" in result.stdout
    assert sheet.is_file()
