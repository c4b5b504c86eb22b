"""Checkpoints of older formats are read under today's names."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pxgen.canvas import Canvas
from pxgen.checkpoint.card import KEY, read_card
from pxgen.checkpoint.migration import WEIGHTS, migrate_model, migrate_weight
from pxgen.checkpoint.store import fingerprint, load_model, load_tensors, save_checkpoint
from pxgen.errors import InputError
from pxgen.models.protocol import SamplingParams
from pxgen.noise import PictureNoise
from tests.checkpoint.test_store import save

CANVAS = Canvas(1, 6, 8)
BACK = {
    ("gaussian", "encoding"): "planes",
    ("autoencoder", "encoding"): "pixels",
    ("", "loss_pixels"): "asked",
    ("", "label_dropout"): "blind",
    ("", "conditioning"): "labels",
    ("", "decoder_labels"): "told",
    ("", "rate_weight"): "toll",
    ("", "corruption"): "wrong",
}
"""Keys of ``[model]`` as format 1 had them, written out: the table under test is not asked."""


def first_format(path: Path) -> Path:
    """The same checkpoint as the first format had it."""
    about = json.loads(read_card(path)[1].metadata[KEY])
    family = about["model"]["family"]

    def old(key: str) -> str:
        if family == "autoencoder" and key == "decoder_labels":
            return key
        return BACK.get((family, key), BACK.get(("", key), key))

    about |= {"format": 1, "model": {old(key): value for key, value in about["model"].items()}}
    tensors = {}
    for name, tensor in load_file(path).items():
        dotted = f".{name}."
        for before, after in WEIGHTS.items():
            dotted = dotted.replace(f".{after}.", f".{before}.")
        tensors[dotted[1:-1]] = tensor
    assert tensors.keys() != load_file(path).keys()
    save_file(tensors, path, metadata={KEY: json.dumps(about)})
    return path


@pytest.mark.parametrize("recipe", ["vqvae", "vae", "ae"])
def test_a_checkpoint_of_the_first_format_draws_as_it_did(tmp_path: Path, recipe: str) -> None:
    path = save(tmp_path, recipe=recipe)
    labels, now = torch.zeros(2, 2), load_model(path)
    before = load_model(first_format(path))
    assert before.card == now.card
    first, second = (
        loaded.model.sample(labels, PictureNoise(0, [0, 1]), SamplingParams())
        for loaded in (before, now)
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("recipe", ["masked", "uniform", "ddpm", "ddpm-palette"])
def test_a_diffusion_of_an_older_format_is_refused_in_one_line(tmp_path: Path, recipe: str) -> None:
    path = save(tmp_path, recipe=recipe)
    about = json.loads(read_card(path)[1].metadata[KEY])
    save_file(load_file(path), path, metadata={KEY: json.dumps(about | {"format": 2})})
    with pytest.raises(InputError, match=r"earlier version, whose .* train it anew"):
        load_model(path)


@pytest.mark.parametrize(
    ("recipe", "read"), [("masked", False), ("vqvae", True), ("uniform", False)]
)
def test_diffusions_of_clips_are_read_since_one_convolution_serves_each_frame(
    tmp_path: Path, recipe: str, read: bool
) -> None:
    path = save(tmp_path, recipe=recipe, frames=4)
    load_model(path)
    about = json.loads(read_card(path)[1].metadata[KEY])
    save_file(load_file(path), path, metadata={KEY: json.dumps(about | {"format": 7})})
    with nullcontext() if read else pytest.raises(InputError, match="train it anew"):
        load_model(path)


def test_a_masked_diffusion_without_a_cache_draws_as_it_did(tmp_path: Path) -> None:
    """What a cache of colours has gained changes nothing until it has learnt."""
    blocks = {"attention": "yes", "detail": "yes", "label_mixing": "no"}
    path = save(tmp_path, label_planes=0, **blocks)
    now, labels = load_model(path), torch.zeros(2, 2)
    about = json.loads(read_card(path)[1].metadata[KEY]) | {"format": 3}
    for key in ("images", "overview", "label_planes", "patch", *blocks):
        del about["model"][key]
    tensors = load_file(path)
    without = {name: each for name, each in tensors.items() if ".cache." not in name}
    assert without.keys() < tensors.keys()
    save_file(without, path, metadata={KEY: json.dumps(about)})
    assert load_tensors(path).keys() == tensors.keys()
    first, second = (
        loaded.model.sample(labels, PictureNoise(0, [0, 1]), SamplingParams())
        for loaded in (load_model(path), now)
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("version", range(3, 12))
def test_stills_of_older_formats_have_the_keys_of_today(version: int) -> None:
    today = {"images": 1, "overview": 16, "label_planes": 0, "patch": 4}
    today |= {"attention": "yes", "detail": "yes", "label_mixing": "no"}
    before = {6: {"frames": "together"}, 7: {"images": 1}, 8: {"images": 1, "overview": 16}}
    before[9] = before[8] | {"label_planes": 0}
    before[10] = before[9] | {"patch": 4}
    before[11] = before[10] | {"attention": "yes", "detail": "yes"}
    table = next((keys for since, keys in before.items() if version < since), today)
    canvas = Canvas(1, 33, 32)
    for family in ("masked", "uniform", "gaussian"):
        of_today = migrate_model({"family": family, **table}, version, canvas)
        own = {"sampler": "ancestral"} if family == "uniform" else {}
        assert of_today == {"family": family, **today, **own}
    assert migrate_model({"family": "vqvae"}, version, canvas) == {"family": "vqvae"}


def test_weights_of_optimizers_have_the_names_of_their_parameters() -> None:
    assert migrate_weight("optimizer.rise.spread.weight.exp_avg", 1) == (
        "optimizer.upsample.expand.weight.exp_avg"
    )
    assert migrate_weight("raw.planes.palette", 1) == "raw.encoding.palette"
    for new in WEIGHTS.values():
        assert migrate_weight(f"weights.{new}.weight", 1) == f"weights.{new}.weight"


def test_weights_of_the_second_format_keep_their_names(tmp_path: Path) -> None:
    path = save(tmp_path)
    renamed = {f"weights.{old}.weight": torch.zeros(1) for old in WEIGHTS}
    save_checkpoint(path, read_card(path)[0], renamed)
    assert load_tensors(path).keys() == renamed.keys()


def test_every_key_of_the_first_format_has_its_name_of_today() -> None:
    old = {"planes", "pixels", "asked", "blind", "labels", "told", "toll", "wrong"}
    assert migrate_model(dict.fromkeys(old), 1, CANVAS).keys() == {
        *("encoding", "loss_pixels", "label_dropout", "conditioning"),
        *("decoder_labels", "rate_weight", "corruption"),
    }
    assert migrate_model({"toll": 1}, 2, CANVAS) == {"toll": 1}


def test_models_that_knew_of_no_exclusive_labels_draw_and_are_called_as_they_were(
    tmp_path: Path,
) -> None:
    path = save(tmp_path)
    now, labels = load_model(path), torch.zeros(8, 2)
    tensors = load_file(path)
    del tensors["weights.labels.exclusive"]
    about = json.loads(read_card(path)[1].metadata[KEY]) | {"format": 12}
    save_file(tensors, path, metadata={KEY: json.dumps(about)})
    before = load_model(path)
    assert fingerprint(before) == fingerprint(now)
    first, second = (
        loaded.model.sample(labels, PictureNoise(0, range(8)), SamplingParams())
        for loaded in (before, now)
    )
    assert torch.equal(first, second)
    before.model.module.get_buffer("labels.exclusive").fill_(1)
    assert fingerprint(before) != fingerprint(now)


def test_uniform_models_that_knew_of_one_sampler_are_called_as_they_were(tmp_path: Path) -> None:
    path = save(tmp_path, recipe="uniform", sampler="ancestral")
    about = json.loads(read_card(path)[1].metadata[KEY])
    del about["model"]["sampler"]
    tensors = load_file(path)
    save_file(tensors, path, metadata={KEY: json.dumps(about | {"format": 11})})
    before = load_model(path)
    settings = {key: value for key, value in before.card.model.items() if key != "sampler"}
    unsaid = before._replace(card=replace(before.card, model=settings))
    assert fingerprint(before) == fingerprint(unsaid)
    psi = before._replace(card=replace(before.card, model={**settings, "sampler": "psi"}))
    assert fingerprint(before) != fingerprint(psi)
