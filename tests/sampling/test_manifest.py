"""Many pictures: folders gone on with, manifests, repeats, and pictures that are new."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.render.png import decode_png, encode_png
from tests.checkpoint.test_store import CARD, save
from tests.tiny import PALETTE, tiny_dataset, tiny_model, tiny_table


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save(tmp_path / "model")


def run(
    model: Path, *arguments: object, command: str = "sample", text: str | None = None
) -> Result:
    line = [command, "-m", str(model), "--workers", "1", *map(str, arguments)]
    return CliRunner().invoke(pxgen, line, input=text)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_an_interrupted_folder_is_gone_on_with(model: Path, tmp_path: Path) -> None:
    run(model, "-n", 6, "-o", tmp_path / "whole")
    run(model, "-n", 2, "-o", tmp_path / "part")
    kept = tmp_path / "part" / "sprite-0-0001.png"
    kept.write_bytes(b"mine")
    result = run(model, "-n", 6, "-o", tmp_path / "part", "--skip-existing")
    assert [Path(line).name for line in result.stdout.split()] == [
        f"sprite-0-000{i}.png" for i in (2, 3, 4, 5)
    ]
    assert kept.read_bytes() == b"mine"
    kept.unlink()
    run(model, "-n", 6, "-o", tmp_path / "part", "--skip-existing")
    assert contents(tmp_path / "part") == contents(tmp_path / "whole")
    # And where nothing is left, nothing happens.
    result = run(model, "-n", 6, "-o", tmp_path / "part", "--skip-existing")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("command", ["sample", "animate"])
def test_a_dry_run_tells_what_a_run_writes(model: Path, tmp_path: Path, command: str) -> None:
    asked = ("-n", 5, "--shard", "2/2", "--label", "left", "-o", tmp_path / "out")
    dry = run(model, *asked, "--dry-run", command=command)
    assert not (tmp_path / "out").exists()
    wet = run(model, *asked, command=command)
    assert dry.stdout == wet.stdout
    assert len(wet.stdout.split()) == 3
    sheet = run(model, "-o", tmp_path / "s.png", "--data", "s.json", "--dry-run", command=command)
    assert sheet.stdout.split() == [str(tmp_path / "s.png"), "s.json"]


def test_any_picture_is_made_again_from_a_manifest(model: Path, tmp_path: Path) -> None:
    init = tmp_path / "init.png"
    init.write_bytes(encode_png(np.eye(6, 8, dtype=np.uint8), PALETTE))
    asked = ("-n", 4, "--seed", 9, "--label", "left", "--label", "right:-0.5", "--scale", 2)
    ways = ("--temperature", 0.7, "--init", init, "--strength", 0.3, "--strength", 0.9)
    first = tmp_path / "first"
    result = run(model, *asked, *ways, "-o", first, "--manifest", first / "m.jsonl")
    assert result.exit_code == 0, result.output
    assert result.stdout.split()[-1] == str(first / "m.jsonl")
    manifest = (first / "m.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in manifest.splitlines()]
    assert [line["index"] for line in lines] == [0, 1, 2, 3]
    assert [line["options"]["strength"] for line in lines] == [[0.3], [0.9], [0.3], [0.9]]
    assert all((first / line["file"]).exists() for line in lines)
    # No time, host or absolute place, but for inputs that were named so.
    assert str(tmp_path) not in manifest.replace(str(init), "")

    again = tmp_path / "again"
    result = run(model, "--repeat", first / "m.jsonl", "-o", again)
    assert result.exit_code == 0, result.output
    pictures = contents(first)
    pictures.pop("m.jsonl")
    assert contents(again) == pictures
    # One line is enough for one picture.
    one = run(model, "--repeat", "-", "-o", tmp_path / "one", text=manifest.splitlines()[2])
    assert one.stdout.split() == [str(tmp_path / "one" / Path(lines[2]["file"]).name)]
    assert contents(tmp_path / "one").items() <= pictures.items()


def test_a_manifest_never_takes_the_place_of_a_picture(model: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "s.png"
    for manifest in (sheet, tmp_path / "s.json", tmp_path, "-"):
        asked = ("-o", sheet, "--data", tmp_path / "s.json", "--manifest", manifest)
        result = run(model, *asked)
        assert (result.exit_code, "--manifest" in result.stderr) == (2, True)
    assert not sheet.exists()
    dry = run(model, "-o", sheet, "--manifest", tmp_path / "m.jsonl", "--dry-run")
    assert dry.stdout.split() == [str(sheet), str(tmp_path / "m.jsonl")]


def test_pictures_of_several_kinds_are_repeated_into_a_folder(model: Path, tmp_path: Path) -> None:
    init, manifest = tmp_path / "init.png", tmp_path / "m.jsonl"
    init.write_bytes(encode_png(np.eye(6, 8, dtype=np.uint8), PALETTE))
    ways = ("--init", init, "--strength", 0.3, "--strength", 0.9)
    run(model, "-n", 2, *ways, "-o", tmp_path / "a", "--manifest", manifest)
    result = run(model, "--repeat", manifest, "-o", tmp_path / "s.png")
    assert (result.exit_code, "into a folder" in result.stderr) == (2, True)
    assert not (tmp_path / "s.png").exists()
    run(model, "-n", 3, "-o", tmp_path / "b.png", "--manifest", manifest)
    run(model, "--repeat", manifest, "-o", tmp_path / "c.png")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "c.png").read_bytes()


def test_a_dry_run_has_nothing_to_show(model: Path, tmp_path: Path) -> None:
    for command in ("sample", "animate"):
        result = run(model, "--dry-run", "--show", "-o", tmp_path / "x.gif", command=command)
        assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'x.gif'}\n")


def test_equal_runs_write_equal_manifests(model: Path, tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        run(model, "-n", 3, "-o", tmp_path / name, "--manifest", tmp_path / name / "m.jsonl")
        run(
            model, "-n", 3, "-o", tmp_path / name, "--manifest", tmp_path / name / "m.jsonl",
            "--skip-existing",
        )  # fmt: skip
        texts.append((tmp_path / name / "m.jsonl").read_bytes())
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == 3


def test_a_manifest_of_another_model_or_input_is_refused(model: Path, tmp_path: Path) -> None:
    init = tmp_path / "init.png"
    init.write_bytes(encode_png(np.eye(6, 8, dtype=np.uint8), PALETTE))
    manifest = tmp_path / "m.jsonl"
    run(model, "--init", init, "-o", tmp_path / "o.png", "--manifest", manifest)
    other = tiny_model(width=16)
    weights = prefixed(other.module.state_dict(), "weights")
    changed = CARD.__class__(**{**CARD.__dict__, "model": dict(tiny_table(width=16))})
    save_checkpoint(tmp_path / "other" / "checkpoint.safetensors", changed, weights)
    result = run(tmp_path / "other", "--repeat", manifest, "-o", tmp_path / "x")
    assert result.exit_code == 3
    assert "name that model with -m" in result.stderr
    init.write_bytes(encode_png(np.zeros((6, 8), np.uint8) + 1, PALETTE))
    result = run(model, "--repeat", manifest, "-o", tmp_path / "x")
    assert (result.exit_code, "has changed since" in result.stderr) == (3, True)
    init.unlink()
    result = run(model, "--repeat", manifest, "-o", tmp_path / "x")
    assert (result.exit_code, "which is not there" in result.stderr) == (3, True)


GOOD = {"seed": 0, "index": 1, "labels": [], "model": "x", "options": {}, "inputs": {}, "file": "a"}


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": -1},
        {"index": True},
        {"index": 2**70},
        {"labels": "left"},
        {"labels": [3]},
        {"labels": ["unknown"]},
        {"model": None},
        {"options": []},
        {"options": {"exec": "rm"}},
        {"options": {"steps": "many"}},
        {"options": {"strengths": [7]}},
        {"options": {"init": 5}},
        {"inputs": {"a": 1}},
    ],
)
def test_hostile_manifests_are_one_line(
    model: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    manifest = tmp_path / "m.jsonl"
    run(model, "-o", tmp_path / "o.png", "--manifest", manifest)
    line = GOOD | {"model": json.loads(manifest.read_text())["model"]} | changes
    result = run(model, "--repeat", "-", "-o", tmp_path / "x", text=json.dumps(line))
    assert result.exit_code == 3
    assert result.stderr.startswith("pxgen: ")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("text", ["", "\n", "{", "[]", "[" * 9999, '"a"', "é\0"])
def test_what_is_no_manifest_is_one_line(model: Path, tmp_path: Path, text: str) -> None:
    result = run(model, "--repeat", "-", "-o", tmp_path / "x", text=text)
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) <= 2


def test_a_manifest_that_cannot_be_read_is_one_line(model: Path, tmp_path: Path) -> None:
    result = run(model, "--repeat", tmp_path / "none.jsonl", "-o", tmp_path / "x")
    assert (result.exit_code, "No such file" in result.stderr) == (3, True)
    (tmp_path / "m.jsonl").write_bytes(b"\xff\xfe\0")
    result = run(model, "--repeat", tmp_path / "m.jsonl", "-o", tmp_path / "x")
    assert (result.exit_code, "it is not text in UTF-8" in result.stderr) == (3, True)


def test_a_manifest_settles_everything_else(model: Path) -> None:
    result = run(model, "--repeat", "-", "--label", "left", text="{}")
    assert result.exit_code == 2
    assert "--label is settled by the manifest" in result.stderr


def novel_model(tmp_path: Path) -> tuple[Path, Path]:
    """A model of a dataset, and the dataset."""
    data = tiny_dataset(tmp_path / "data")
    model = tiny_model()
    card = CARD.__class__(**{**CARD.__dict__, "fingerprint": data.fingerprint})
    weights = prefixed(model.module.state_dict(), "weights")
    save_checkpoint(tmp_path / "model" / "checkpoint.safetensors", card, weights)
    return tmp_path / "model", tmp_path / "data"


def test_pictures_near_a_training_sprite_are_drawn_again(tmp_path: Path) -> None:
    model, folder = novel_model(tmp_path)
    data = open_dataset(folder)
    sprites = data.take(data.train)[0]

    def nearest(path: Path) -> int:
        differ = (sprites != decode_png(path)[0][None, None]).reshape(len(sprites), -1).sum(1)
        return int(differ.min())

    run(model, "-n", 200, "-o", tmp_path / "all")
    distance = {path.stem: nearest(path) for path in (tmp_path / "all").iterdir()}
    # So that some of the first eight are too near.
    most = sorted(distance[f"sprite-0-000{i}"] for i in range(8))[3] + 1
    asked = ("-n", 8, "--novel", most, "--dataset", folder)
    result = run(model, *asked, "-o", tmp_path / "new", "--manifest", tmp_path / "m.jsonl")
    assert result.exit_code == 0, result.output
    files = [Path(line) for line in result.stdout.split()[:-1]]
    assert all(nearest(path) >= most for path in files)
    indices = [int(path.stem[-4:]) for path in files]
    # Each slot goes on in steps of eight from its own number.
    assert [index % 8 for index in indices] == list(range(8))
    for slot, index in enumerate(indices):
        assert all(distance[f"sprite-0-{i:04}"] < most for i in range(slot, index, 8))
    assert any(index >= 8 for index in indices)
    # Shards draw the same, and so does a repeat that has no dataset.
    for part in ("1/3", "2/3", "3/3"):
        run(model, *asked, "--shard", part, "-o", tmp_path / "joined")
    assert contents(tmp_path / "joined") == contents(tmp_path / "new")
    run(model, "--repeat", tmp_path / "m.jsonl", "-o", tmp_path / "again")
    assert contents(tmp_path / "again") == contents(tmp_path / "new")


def test_novelty_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    model, folder = novel_model(tmp_path)
    result = run(model, "--novel", 48, "--dataset", folder, "-o", tmp_path / "x")
    assert result.exit_code == 1
    assert "100 draws in a row lie nearer than 48 pixels" in result.stderr
    result = run(model, "--novel", 50, "--dataset", folder, "-o", tmp_path / "x")
    assert (result.exit_code, "has 48 pixels to differ in" in result.stderr) == (2, True)
    other = tiny_dataset(tmp_path / "other", count=30)
    assert other.fingerprint != open_dataset(folder).fingerprint
    result = run(model, "--novel", 1, "--dataset", tmp_path / "other", "-o", tmp_path / "x")
    assert result.exit_code == 3
    assert "name that with --dataset" in " ".join(result.stderr.split())
    for request in ("--dry-run", "--skip-existing"):
        result = run(model, "--novel", 1, "--dataset", folder, request, "-o", tmp_path / "x/")
        assert (result.exit_code, f"leave {request} out" in result.stderr) == (2, True)


MAKEFILE = """
FRAMES := $(shell seq -f sprites/left-0-%04g.png 0 5)
sheet.png: $(FRAMES)
\tpxgen -q export $^ -o $@ --sheet rows
sprites/left-0-%.png: model/checkpoint.safetensors
\tpxgen -q sample -m $< --label left --first $$(expr $* + 0) -n 1 --workers 1 -o sprites/ --force
"""

SHELL = """
set -e
for part in 1 2 3; do
  pxgen -q sample -m model --label left -n 6 --shard $part/3 --workers 1 \\
    -o shell/ --skip-existing > /dev/null &
done
wait
pxgen -q export shell/ -o shell.png --sheet rows
"""


@pytest.mark.skipif(sys.platform == "win32", reason="make and sh")
def test_make_and_the_shell_come_to_the_same_bytes(model: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    for command in (["make", "-j2"], ["sh", "-c", SHELL]):
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "sheet.png").read_bytes() == (tmp_path / "shell.png").read_bytes()
    told = subprocess.run(
        ["make", "-q"], cwd=tmp_path, env=environment, check=False, capture_output=True
    )
    assert told.returncode == 0
