"""Checkpoints: loading, damage in one clear line, fingerprints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pxgen.checkpoint.card import read_card
from pxgen.checkpoint.runs import STARTERS
from pxgen.checkpoint.store import fingerprint, load_model, load_tensors, prefixed, save_checkpoint
from pxgen.config.project import load_project
from pxgen.config.recipe import resolve
from pxgen.errors import InputError
from pxgen.models.protocol import SamplingParams
from pxgen.models.registry import read_spec
from pxgen.noise import PictureNoise
from tests.support.checkpoints import CARD, save
from tests.support.tiny import domain, tiny_model
from tests.support.traps import pickled, torch_saved


def test_a_checkpoint_samples_with_nothing_else_present(tmp_path: Path) -> None:
    save(tmp_path)
    loaded = load_model(tmp_path)
    labels, sampling = torch.eye(2), SamplingParams(steps=3)
    expected = tiny_model().sample(labels, PictureNoise(0, [0, 1]), sampling)
    assert torch.equal(loaded.model.sample(labels, PictureNoise(0, [0, 1]), sampling), expected)
    assert loaded.card == CARD
    assert loaded.card.domain == domain()


def test_loading_does_not_wait_for_torchs_compiler(tmp_path: Path) -> None:
    """It is imported by harmless looking calls and doubles the time to the first sprite."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom pxgen.checkpoint.store import load_model\n"
        "load_model(Path(sys.argv[1]))\nprint('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(save(tmp_path))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_name_that_is_no_text_is_read_as_well(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"a\xffb")
    folder.mkdir()
    assert load_model(save(folder)).card == CARD


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_drawing_from_a_run_holds_its_weights_alone(tmp_path: Path) -> None:
    """The optimizer's moments and the weights being optimised are most of a run's file."""
    path = save(tmp_path)
    header = read_card(path)[1]
    moments = {"optimizer.x": torch.zeros(32 * 2**20)}
    save_file(load_file(path) | moments, path, metadata=header.metadata)
    program = (
        "import re, sys\nfrom pathlib import Path\n"
        "from pxgen.checkpoint.store import load_model, load_tensors\n"
        "status = Path('/proc/self/status')\n"
        "peak = lambda: re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1]\n"
        "path = Path(sys.argv[1])\nbefore = peak()\nload_model(path)\nafter = peak()\n"
        "load_tensors(path, 'optimizer')\nprint(before, after, peak())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    before, after, with_moments = map(int, done.stdout.split())
    assert after - before < (with_moments - after) / 2
    assert load_tensors(path, "optimizer").keys() == moments.keys()


def test_half_precision_weights_load(tmp_path: Path) -> None:
    loaded = load_model(save(tmp_path, half=True))
    assert {parameter.dtype for parameter in loaded.model.module.parameters()} == {torch.float32}


@pytest.mark.parametrize("keep", [0, 7, 300, 5000, -1])
def test_a_truncated_checkpoint_is_one_clear_line(tmp_path: Path, keep: int) -> None:
    path = save(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pickle_in_disguise_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    for content in (pickled(), torch_saved()):
        path.write_bytes(content)
        with pytest.raises(InputError):
            load_model(path)
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("change", ["missing", "extra", "shape", "type"])
def test_weights_that_do_not_fit_are_one_clear_line(tmp_path: Path, change: str) -> None:
    path = save(tmp_path)
    tensors = load_file(path)
    if change == "missing":
        del tensors["weights.denoiser.position"]
    elif change == "extra":
        tensors["weights.other"] = torch.zeros(1)
    elif change == "type":
        tensors["weights.denoiser.position"] = tensors["weights.denoiser.position"].int()
    else:
        tensors["weights.denoiser.position"] = torch.zeros(2, 2)
    save_file(tensors, path, metadata=CARD.dump())
    with pytest.raises(InputError, match="weight"):
        load_model(path)


def test_a_missing_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pxgen train"):
        load_model(tmp_path / "nothing")


def test_a_checkpoint_can_be_read_by_others(tmp_path: Path) -> None:
    neighbour = tmp_path / "neighbour"
    neighbour.touch()
    assert save(tmp_path).stat().st_mode == neighbour.stat().st_mode


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    weights = {name: each.clone() for name, each in tiny_model().module.state_dict().items()}
    weights["denoiser.bias"][0] = torch.nan
    save_checkpoint(tmp_path / "checkpoint.safetensors", CARD, prefixed(weights, "weights"))
    with pytest.raises(InputError, match="holds what is no number"):
        load_model(tmp_path)


@pytest.mark.parametrize("starter", STARTERS.values(), ids=STARTERS)
def test_a_starter_is_of_the_model_that_its_project_describes(starter: Path) -> None:
    card, _ = read_card(starter)
    project = load_project(starter.with_suffix(".toml"))
    assert card.model == asdict(read_spec(resolve(project.model)))
    assert card.canvas.frames == (project.data.frames or 1)
    assert starter.stat().st_size < 8_000_000


def test_a_fingerprint_is_that_of_versions_that_had_no_such_blocks(tmp_path: Path) -> None:
    path = save(tmp_path, attention="no", detail="no", label_mixing="no")
    loaded = load_model(path)
    new = ("attention", "detail", "label_mixing")
    model = {key: value for key, value in loaded.card.model.items() if key not in new}
    before = loaded._replace(card=replace(loaded.card, model=model))
    assert fingerprint(before) == fingerprint(loaded)
    other = replace(loaded.card, model=model | {"steps": 7})
    assert fingerprint(loaded._replace(card=other)) != fingerprint(loaded)


def test_a_fingerprint_is_of_weights_and_settings_and_not_of_a_place(tmp_path: Path) -> None:
    first, copy = (load_model(save(tmp_path / name)) for name in ("a", "b"))
    assert fingerprint(first) == fingerprint(copy)
    with torch.no_grad():
        next(copy.model.module.parameters()).add_(1)
    assert fingerprint(first) != fingerprint(copy)
    renamed = first._replace(card=replace(first.card, label_names=("left", "up")))
    assert fingerprint(first) != fingerprint(renamed)


@pytest.mark.parametrize("dtype", ["F4", "F8_E8M0"])
def test_tensors_of_a_type_that_no_model_has_are_one_line(tmp_path: Path, dtype: str) -> None:
    path = save(tmp_path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    name = next(name for name in header if name.startswith("weights."))
    start, stop = header[name]["data_offsets"]
    count = (stop - start) * (2 if dtype == "F4" else 1)
    header[name] |= {"dtype": dtype, "shape": [count]}
    changed = json.dumps(header).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + content[8 + length :])
    with pytest.raises(InputError, match=r"has tensors of type .*which no model has"):
        load_model(path)
