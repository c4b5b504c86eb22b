"""Warm start: labels go by name, colours by the nearest, other weights where they fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch

import pxgen
from pxgen.canvas import Canvas
from pxgen.checkpoint.card import Card, read_card
from pxgen.checkpoint.store import load_model, prefixed, save_checkpoint
from pxgen.config.schema import Table, Where
from pxgen.errors import InputError
from pxgen.models.registry import build_model
from pxgen.palette import Palette
from pxgen.training.warm_start import WarmStart, open_warm_start
from tests.support.tiny import tiny_dataset, tiny_table

OLD = Palette.of([(250, 0, 0), (0, 250, 0), (0, 0, 250)], "old")
NEW = Palette.of([(0, 0, 250), (240, 10, 10), (250, 0, 0), (0, 240, 0)], "new")
NEAREST = [0, 3, 1, 1, 2]
"""Entries of the old palette that are nearest to those of the new one."""


def card(
    recipe: str, palette: Palette, labels: tuple[str, ...], canvas: Canvas, **changes: object
) -> Card:
    return Card(dict(tiny_table(recipe, **changes)), canvas, palette, labels, "0")


def started(
    tmp_path: Path,
    recipe: str = "masked",
    palette: Palette = NEW,
    labels: tuple[str, ...] = ("b", "c", "a"),
    canvas: Canvas = Canvas(1, 6, 8),  # noqa: B008
    theirs: Mapping[str, object] = MappingProxyType({}),
    ours: Mapping[str, object] = MappingProxyType({}),
    data: str = "0",
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], WarmStart]:
    """Weights of an old model and of a new one that started from them, and what was matched."""
    before = card(recipe, OLD, ("a", "b"), Canvas(1, 6, 8), **theirs)
    old = build_model(Table(before.model, Where("old")), before.domain)
    with torch.no_grad():
        for number, weight in enumerate(old.module.parameters()):
            weight.copy_(number + torch.rand_like(weight))
    weights = old.module.state_dict()
    path = save_checkpoint(tmp_path / "old.safetensors", before, prefixed(weights, "weights"))
    after = replace(card(recipe, palette, labels, canvas, **ours), fingerprint=data)
    new = build_model(Table(after.model, Where("new")), after.domain)
    warm = open_warm_start(path, new, after)
    warm.apply(new.module, new.module)
    return weights, new.module.state_dict(), warm


def test_colours_start_at_the_nearest_ones(tmp_path: Path) -> None:
    old, new, warm = started(tmp_path, data="1")
    assert torch.equal(new["denoiser.palette"][:, :4], old["denoiser.palette"][NEAREST, :4])
    # The mask token stays the last.
    assert torch.equal(new["denoiser.embed.weight"], old["denoiser.embed.weight"][[*NEAREST, 4]])
    assert "2 of 3 labels, 3 of 5 colours exactly" in warm.summary


@pytest.mark.parametrize("recipe", ["masked", "uniform"])
@pytest.mark.parametrize("data", ["0", "1"])
def test_biases_of_places_are_those_of_the_new_dataset(
    tmp_path: Path, recipe: str, data: str
) -> None:
    old, new, _ = started(tmp_path, recipe, OLD, data=data)
    of_old = data == "0"
    for name in ("bias", "places"):
        assert torch.equal(new[f"denoiser.{name}"], old[f"denoiser.{name}"]) == of_old
    # Features of pixels go on, those that places multiply do not.
    for name in {"denoiser.palette", "denoiser.cache.lean.weight"} & new.keys():
        equal = new[name] == old[name]
        assert equal[:, :4].all()
        assert (equal[:, 4:] == of_old).all()


@pytest.mark.parametrize("data", ["0", "1"])
def test_what_labels_draw_is_that_of_the_new_dataset(tmp_path: Path, data: str) -> None:
    old, new, _ = started(tmp_path, labels=("b", "a"), data=data)
    table = "denoiser.label_planes.table.weight"
    drawn = old[table][:, [1, 0]] if data == "0" else torch.zeros_like(old[table])
    assert torch.equal(new[table], drawn)


def test_planes_begin_unmixed(tmp_path: Path) -> None:
    old, new, _ = started(tmp_path, data="1")
    for mixing, goes_on in (("mix_planes", False), ("mix_features", True)):
        name = f"denoiser.{mixing}.change.weight"
        assert old[name].any()
        assert torch.equal(new[name], old[name]) == goes_on
        assert new[name].any() == goes_on


def test_planes_may_be_others(tmp_path: Path) -> None:
    old, new, _ = started(tmp_path, theirs={"label_planes": 3})
    assert not new["denoiser.label_planes.table.weight"].any()
    name = "denoiser.before.first.weight"
    assert torch.equal(new[name], old[name])


def test_without_a_template_biases_of_colours_go_on(tmp_path: Path) -> None:
    kind = {"template": "no"}
    old, new, _ = started(tmp_path, theirs=kind, ours=kind, data="1")
    assert torch.equal(new["denoiser.bias"], old["denoiser.bias"][NEAREST])


def test_labels_start_at_their_namesakes(tmp_path: Path) -> None:
    old, new, _ = started(tmp_path)
    states, level = old["denoiser.condition.project.weight"].split([4, 2], 1)
    begun = new["denoiser.condition.project.weight"]
    assert torch.equal(begun[:, [0, 2, 3, 5]], states[:, [1, 0, 3, 2]])
    assert torch.equal(begun[:, 6:], level)
    assert torch.equal(new["labels.leave.bias"][[0, 2, 3]], old["labels.leave.bias"][[1, 0, 2]])
    # What is new starts anew: the old weights are all larger than 1.
    assert begun[:, [1, 4]].abs().max() < 1


@pytest.mark.parametrize("recipe", ["masked", "uniform"])
def test_weights_of_another_canvas_are_left_out(tmp_path: Path, recipe: str) -> None:
    old, new, _ = started(tmp_path, recipe, canvas=Canvas(1, 12, 8), data="1")
    assert torch.equal(new["denoiser.before.first.weight"], old["denoiser.before.first.weight"])
    assert new["denoiser.position"].shape != old["denoiser.position"].shape
    assert torch.equal(new["denoiser.palette"][:, :4], old["denoiser.palette"][NEAREST, :4])
    # What is of use with a weight of the canvas only stays fresh; the old ones are all above 1.
    assert new["denoiser.palette"][:, 4:].abs().max() < 1
    assert new["denoiser.bias"].abs().max() < 1
    overview = [weight for name, weight in new.items() if ".overview." in name]
    assert len(overview) == 10
    assert all(weight.abs().max() <= 1 for weight in overview)


def test_the_share_of_what_is_taken_is_counted_in_numbers(tmp_path: Path) -> None:
    """Label states of three labels, of which two are known, and the rest of each layer beside."""
    _, new, warm = started(tmp_path, palette=OLD)
    fresh = 2 * len(new["denoiser.condition.mix.bias"]) + 2 * len(new["labels.enter.bias"])
    fresh += new["labels.exclusive"].numel()
    fresh += len(new["labels.enter.bias"]) + 1 + len(new["denoiser.label_planes.table.weight"])
    total = sum(weight.numel() for weight in new.values())
    assert sum(int(each.known.sum()) for each in warm.taken.values()) == total - fresh
    assert f", {100 * (total - fresh) // total}% of all weights" in warm.summary


@pytest.mark.parametrize(("before", "after"), [("yes", "no"), ("no", "yes")])
def test_a_template_may_come_or_go(tmp_path: Path, before: str, after: str) -> None:
    old, new, _ = started(tmp_path, theirs={"template": before}, ours={"template": after})
    assert torch.equal(new["denoiser.before.first.weight"], old["denoiser.before.first.weight"])
    assert torch.equal(new["denoiser.palette"][:, :4], old["denoiser.palette"][NEAREST, :4])
    assert new["denoiser.bias"].abs().max() < 1
    assert not new["denoiser.cache.lean.bias"].any()


@pytest.mark.parametrize("shown", [True, False])
def test_one_hot_inputs_go_by_colour_too(tmp_path: Path, shown: bool) -> None:
    kind = {"encoding": "onehot", "self_condition": shown}
    old, new, _ = started(tmp_path, "ddpm-palette", theirs=kind, ours=kind)
    columns = NEAREST + [4 + k for k in NEAREST] * shown
    begun = new["pixels.net.embed.weight"]
    assert torch.equal(begun, old["pixels.net.embed.weight"][:, columns])


def test_collections_without_anything_in_common_are_warned_of(tmp_path: Path) -> None:
    other = Palette.of([(1, 2, 3), (30, 20, 10)], "other")
    *_, warm = started(tmp_path, palette=other, labels=("c", "d"))
    assert "0 of 2 labels, 1 of 3 colours" in warm.summary
    assert warm.warning is not None
    assert "compare with a training without --from" in warm.warning
    assert started(tmp_path, palette=other)[2].warning is None
    assert started(tmp_path, labels=())[2].warning is None


def test_a_model_without_labels_may_start_one_with_them(tmp_path: Path) -> None:
    old, new, _ = started(tmp_path, labels=())
    assert torch.equal(new["denoiser.fine.weight"], old["denoiser.fine.weight"])


@pytest.mark.parametrize(
    ("recipe", "message"),
    [("uniform", "family masked, not uniform; leave"), ("masked", "it has width = 8; give")],
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
    table = dict(tiny_table(template="yes"))
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
    table = dict(tiny_table(template="yes"))
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


def test_what_is_left_open_is_the_other_models_but_for_the_template(tmp_path: Path) -> None:
    """These sprites share one, whatever those of the other model did."""
    data = tiny_dataset(tmp_path)
    own = {**tiny_table(template="no"), "width": 12, "coarse": 16}
    *_, first = pxgen.train(data, model=own, steps=1, batch=8, out=tmp_path / "first")
    open_ = {**tiny_table(), "template": "auto", "width": 0, "coarse": 0}
    for number, table in enumerate((None, open_)):
        options = {"steps": 1, "batch": 8, "start": first.checkpoint, "out": tmp_path / f"{number}"}
        *_, last = pxgen.train(data, model=table, **options)
        model = read_card(last.checkpoint)[0].model
        assert (model["template"], model["width"], model["coarse"]) == ("yes", 12, 16)
