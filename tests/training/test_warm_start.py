"""Warm start: labels go by name, colours by the nearest, other weights where they fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import pxgen
from pxgen.canvas import Canvas
from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import load_model, prefixed, save_checkpoint
from pxgen.errors import InputError
from pxgen.models.registry import build_model
from pxgen.palette import Palette
from pxgen.training.warm_start import WarmStart, open_warm_start
from tests.support.tiny import tiny_dataset, tiny_table

OLD = Palette.of([(250, 0, 0), (0, 250, 0), (0, 0, 250)], "old")
NEW = Palette.of([(0, 0, 250), (240, 10, 10), (250, 0, 0), (0, 240, 0)], "new")


def card(recipe: str, palette: Palette, labels: tuple[str, ...], canvas: Canvas) -> Card:
    return Card(dict(tiny_table(recipe)), canvas, palette, labels, "0")


def started(
    tmp_path: Path,
    recipe: str = "masked",
    palette: Palette = NEW,
    labels: tuple[str, ...] = ("b", "c", "a"),
    canvas: Canvas = Canvas(1, 6, 8),  # noqa: B008
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], WarmStart]:
    """Weights of an old model and of a new one that started from them, and what was matched."""
    before = card(recipe, OLD, ("a", "b"), Canvas(1, 6, 8))
    old = build_model(tiny_table(recipe), before.domain)
    with torch.no_grad():
        for number, weight in enumerate(old.module.parameters()):
            weight.copy_(number + torch.rand_like(weight))
    weights = old.module.state_dict()
    path = save_checkpoint(tmp_path / "old.safetensors", before, prefixed(weights, "weights"))
    after = card(recipe, palette, labels, canvas)
    new = build_model(tiny_table(recipe), after.domain)
    warm = open_warm_start(path, new, after)
    warm.apply(new.module, new.module)
    return weights, new.module.state_dict(), warm


def test_colours_start_at_the_nearest_ones(tmp_path: Path) -> None:
    old, new, warm = started(tmp_path)
    nearest = [0, 3, 1, 1, 2]
    assert torch.equal(new["denoiser.palette"], old["denoiser.palette"][nearest])
    # The mask token stays the last.
    assert torch.equal(new["denoiser.embed.weight"], old["denoiser.embed.weight"][[*nearest, 4]])
    assert "2 of 3 labels, 3 of 5 colours exactly" in warm.summary


def test_labels_start_at_their_namesakes(tmp_path: Path) -> None:
    old, new, _ = started(tmp_path)
    states, level = old["denoiser.condition.project.weight"].split([4, 2], 1)
    begun = new["denoiser.condition.project.weight"]
    assert torch.equal(begun[:, [0, 2, 3, 5]], states[:, [1, 0, 3, 2]])
    assert torch.equal(begun[:, 6:], level)
    assert torch.equal(new["labels.leave.bias"][[0, 2, 3]], old["labels.leave.bias"][[1, 0, 2]])
    # What is new starts anew: the old weights are all larger than 1.
    assert begun[:, [1, 4]].abs().max() < 1


def test_weights_of_another_canvas_are_left_out(tmp_path: Path) -> None:
    old, new, warm = started(tmp_path, canvas=Canvas(1, 12, 8))
    assert torch.equal(new["denoiser.before.first.weight"], old["denoiser.before.first.weight"])
    assert new["denoiser.position"].shape != old["denoiser.position"].shape
    assert f"of {len(new)} weights" in warm.summary
    assert f"{len(new)} of {len(new)}" not in warm.summary


def test_a_model_without_labels_may_start_one_with_them(tmp_path: Path) -> None:
    old, new, _ = started(tmp_path, labels=())
    assert torch.equal(new["denoiser.fine.weight"], old["denoiser.fine.weight"])


@pytest.mark.parametrize(
    ("recipe", "message"),
    [("uniform", "family masked, not uniform"), ("masked", "it has width = 8; give")],
)
def test_what_cannot_start_it_is_one_clear_line(tmp_path: Path, recipe: str, message: str) -> None:
    before = card("masked", OLD, (), Canvas(1, 6, 8))
    weights = build_model(tiny_table(), before.domain).module.state_dict()
    path = save_checkpoint(tmp_path / "old.safetensors", before, prefixed(weights, "weights"))
    table = tiny_table(recipe, width=16)
    after = Card(dict(table), Canvas(1, 6, 8), NEW, (), "0")
    with pytest.raises(InputError, match=message):
        open_warm_start(path, build_model(table, after.domain), after)


def test_families_without_axes_start_from_the_same_collection_only(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the same canvas, palette and labels only"):
        started(tmp_path, "ae")
    old, new, _ = started(tmp_path, "ae", OLD, ("a", "b"))
    assert all(torch.equal(new[name], old[name]) for name in old)


def test_a_training_starts_from_another_and_a_resumed_one_from_itself(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path)
    table = dict(tiny_table())
    *_, first = pxgen.train(data, model=table, steps=30, batch=16, out=tmp_path / "first")
    options = {"steps": 1, "batch": 16, "lr": 0.0, "start": tmp_path / "first"}
    # Its own table is taken where none is given.
    *_, second = pxgen.train(data, out=tmp_path / "second", **options)
    one, two = (load_model(each.checkpoint).model.module.state_dict() for each in (first, second))
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)
    options |= {"steps": 2, "lr": 0.0}
    *_, again = pxgen.train(data, out=tmp_path / "second", **options)
    assert again.position.step == 2
    assert np.isfinite(list(again.losses.values())).all()


def test_attention_to_labels_may_start_a_training(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path)
    table = {**tiny_table(), "conditioning": "attention"}
    *_, first = pxgen.train(data, model=table, steps=2, batch=16, out=tmp_path / "first")
    *_, last = pxgen.train(data, steps=1, batch=16, start=first.checkpoint, out=tmp_path / "next")
    assert last.finished


def test_a_run_that_goes_on_starts_its_later_stages_from_the_model_too(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path)
    table = dict(tiny_table())
    *_, first = pxgen.train(data, model=table, steps=9, batch=16, out=tmp_path / "first")
    options = {"steps": 3, "batch": 16, "lr": 0.0, "start": first.checkpoint}
    reports = pxgen.train(data, out=tmp_path / "second", **options)
    assert next(reports).stage == "labels"
    reports.close()
    *_, last = pxgen.train(data, out=tmp_path / "second", **options)
    one, two = (load_model(each.checkpoint).model.module.state_dict() for each in (first, last))
    assert torch.allclose(one["denoiser.palette"], two["denoiser.palette"], atol=1e-6)


def test_a_run_that_started_elsewhere_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tiny_dataset(tmp_path)
    table = dict(tiny_table())
    *_, first = pxgen.train(data, model=table, steps=2, batch=16, out="first")
    for start in (None, "first", "first"):
        reports = pxgen.train(data, model=table, steps=9, batch=16, start=start)
        next(reports)
        reports.close()
    assert sorted(path.name for path in Path("runs").iterdir()) == ["0001-masked", "0002-masked"]
    with pytest.raises(InputError, match=r"start \(first, now None\)"):
        next(pxgen.train(data, model=table, steps=9, batch=16, out="runs/0002-masked"))
    assert first.finished
