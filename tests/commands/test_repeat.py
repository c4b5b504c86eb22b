"""``pxgen sample --repeat``: pictures made again from a manifest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.render.png import encode_png
from tests.support.checkpoints import CARD
from tests.support.sampled import contents, run
from tests.support.tiny import PALETTE, tiny_model, tiny_table


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


def test_a_manifest_of_another_starter_names_it(model: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    run("starter", "-n", 1, "-o", tmp_path / "o.png", "--manifest", manifest)
    result = run(model, "--repeat", manifest, "-o", tmp_path / "x")
    assert (result.exit_code, result.stderr.strip().endswith(": take -m starter")) == (3, True)


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


def test_where_a_repeated_picture_goes_is_the_callers(model: Path, tmp_path: Path) -> None:
    manifest, sheet = tmp_path / "m.jsonl", tmp_path / "s.png"
    run(model, "-n", 2, "--manifest", manifest, "-o", tmp_path / "a")
    result = run(model, "--repeat", manifest, "--sheet", "columns", "--padding", 1, "-o", sheet)
    assert result.exit_code == 0, result.stderr
    run(model, "-n", 2, "--sheet", "columns", "--padding", 1, "-o", tmp_path / "b.png")
    assert sheet.read_bytes() == (tmp_path / "b.png").read_bytes()
    result = run(model, "--repeat", manifest, "--dry-run", "-o", tmp_path / "c")
    assert (len(result.stdout.splitlines()), (tmp_path / "c").exists()) == (2, False)
    _, gone = sorted((tmp_path / "a").iterdir())
    gone.unlink()
    result = run(model, "--repeat", manifest, "--skip-existing", "-o", tmp_path / "a")
    assert (result.stdout, gone.exists()) == (f"{gone}\n", True)
