"""A run that goes on with another dataset: its state, matched by names and colours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pxgen.checkpoint.card import Card, read_card
from pxgen.commands.train import carry_out as train
from pxgen.data.dataset import Dataset, DatasetWriter, open_dataset
from pxgen.errors import InputError
from pxgen.models.registry import build_model
from pxgen.palette import Palette
from pxgen.training.carry_over import carry_over
from tests.commands.test_train import request
from tests.support.tiny import PALETTE, tiny_dataset, tiny_table
from tests.support.trainings import QUIET

GROWN = Palette.of([(250, 250, 250), (201, 0, 0), (200, 0, 0), (0, 200, 0), (0, 0, 200)], "grown")
NEAREST = [0, 4, 1, 1, 2, 3]
"""Entries of the tiny palette that are nearest to those of the grown one."""


def grown(folder: Path, labels: tuple[str, ...] = ("both", "right", "left")) -> Dataset:
    """More sprites than the tiny ones, with a colour and a label more, all in another order."""
    generator = np.random.default_rng(1)
    pixels = generator.integers(0, 6, (60, 1, 6, 8)).astype(np.uint8)
    marks = generator.integers(0, 2, (60, len(labels))).astype(np.uint8)
    folder.mkdir()
    writer = DatasetWriter(
        folder / "dataset.safetensors",
        palette=GROWN,
        label_names=labels,
        canvas=(1, 6, 8),
        info={},
    )
    with writer:
        writer.append(pixels, marks, [f"{i}.png" for i in range(60)])
        writer.finish((np.arange(60) % 6 == 5).astype(np.uint8), np.arange(60, dtype="i4"))
    return open_dataset(folder)


def card_of(data: Dataset, recipe: str = "masked") -> Card:
    table = dict(tiny_table(recipe))
    return Card(table, data.canvas, data.palette, data.label_names, data.fingerprint)


def test_weights_averages_and_moments_go_by_names_and_colours(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    file = train(request(tmp_path, tmp_path / "run"), QUIET)
    old, card = load_file(file), card_of(grown(tmp_path / "more"))
    model = build_model(tiny_table(), card.domain)
    fresh = {name: t.clone() for name, t in model.module.state_dict().items()}
    new, said = carry_over(file, old, card, model, 1)
    assert said == "2 of 3 labels, 5 of 6 colours exactly and the rest from the nearest"
    assert {n.removeprefix("weights.") for n in new if n.startswith("weights.")} == fresh.keys()
    for part in ("weights.denoiser.bias", "raw.bias", "optimizer.bias.exp_avg"):
        assert torch.equal(new[part], old[part][NEAREST]), part
    # right and left, present and absent; the label that is new begins anew, and without moments.
    name = "condition.project.weight"
    for part in (f"weights.denoiser.{name}", f"raw.{name}", f"optimizer.{name}.momentum"):
        assert torch.equal(new[part][:, [1, 2, 4, 5]], old[part][:, [1, 0, 3, 2]]), part
        assert torch.equal(new[part][:, 6:], old[part][:, 4:]), part
    begun = new[f"weights.denoiser.{name}"][:, [0, 3]]
    assert torch.equal(begun, fresh[f"denoiser.{name}"][:, [0, 3]])
    assert not new[f"optimizer.{name}.momentum"][:, [0, 3]].any()
    name = "label_planes.table.weight"
    for part in (f"weights.denoiser.{name}", f"raw.{name}", f"optimizer.{name}.exp_avg"):
        assert torch.equal(new[part][:, [1, 2]], old[part][:, [1, 0]]), part
        assert old[part].any()
        assert not new[part][:, 0].any()
    # Of what is of use as a whole, moments go on, too.
    for part in ("optimizer.overview.middle.weight.momentum", "optimizer.cache.lean.bias.exp_avg"):
        assert old[part].any()
        assert torch.equal(new[part], old[part]), part
    # What belongs to places of the canvas stays what it was.
    assert torch.equal(new["weights.denoiser.places"], old["weights.denoiser.places"])


def test_label_planes_begin_anew_where_more_labels_leave_fewer_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_dataset(tmp_path)
    file = train(request(tmp_path, tmp_path / "run"), QUIET)
    old, card = load_file(file), card_of(grown(tmp_path / "more"))
    monkeypatch.setattr("pxgen.models.diffusion.label_planes.MAX_TABLE", 3 * 8 * 8 * 5)
    model = build_model(tiny_table(), card.domain)
    monkeypatch.undo()
    new, _ = carry_over(file, old, card, model, 1)
    table = new["weights.denoiser.label_planes.table.weight"]
    assert table.shape == (8 * 8 * 5, 3)
    assert not table.any()


def test_the_same_sprites_carry_everything_over(tmp_path: Path) -> None:
    """But for the best weights, which were the best for other held-out sprites."""
    data = tiny_dataset(tmp_path)
    file = train(request(tmp_path, tmp_path / "run", "vqvae", warmup=0, validate_every=2), QUIET)
    old, card = load_file(file), card_of(data, "vqvae")
    assert any(name.startswith("best.") for name in old)
    stage = read_card(file)[0].training["stage"]
    new, said = carry_over(file, old, card, build_model(tiny_table("vqvae"), card.domain), stage)
    assert said == "2 of 2 labels, 5 of 5 colours exactly"
    assert new.keys() == {name for name in old if not name.startswith("best.")}
    assert all(torch.equal(new[name], old[name]) for name in new)


def test_families_without_axes_go_on_with_their_palette_and_labels_only(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    train(request(tmp_path, tmp_path / "run", "ae"), QUIET)
    more = replace(request(tmp_path, tmp_path / "run", "ae", steps=9), dataset=tmp_path / "more")
    grown(tmp_path / "more")
    with pytest.raises(InputError, match=r"the same palette and labels only.*train anew"):
        train(more, QUIET)


def test_families_without_axes_go_on_with_more_sprites_of_the_same_kinds(tmp_path: Path) -> None:
    tiny_dataset(tmp_path / "few", 24)
    more = tiny_dataset(tmp_path / "more", 48)
    file = train(request(tmp_path / "few", tmp_path / "run", "ae"), QUIET)
    train(request(tmp_path / "more", tmp_path / "run", "ae", steps=9), QUIET)
    assert read_card(file)[0].fingerprint == more.fingerprint


def test_sprites_that_have_nothing_in_common_do_not_replace_a_run(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    file = train(request(tmp_path, tmp_path / "run"), QUIET)
    other = Palette.of([(1, 2, 3), (4, 5, 6)], "other")
    alien = replace(card_of(tiny_dataset(tmp_path)), palette=other, label_names=("x",))
    model = build_model(tiny_table(), alien.domain)
    with pytest.raises(InputError, match="share no label and hardly a colour"):
        carry_over(file, load_file(file), alien, model, 1)
    assert read_card(file)[0].palette == PALETTE
