"""Warm start: a training that begins at another model's weights, where they fit.

Weights of labels go by the labels' names, those of colours by the nearest colour; other weights go
where their shapes are equal. Modules declare which of their weights belong to labels and colours,
and along which dimension, in ``axes``.

Biases of places are left out unless the dataset is the same: they say what stands where in the
collection that they were learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import load_model
from pxgen.errors import InputError
from pxgen.models.axes import Axis
from pxgen.models.diffusion.head import SpriteHead
from pxgen.models.protocol import Model
from pxgen.palette.oklab import nearest

MAY_DIFFER = frozenset(
    {"steps", "sampler", "guidance", "temperature", "eta", "label_dropout", "template"}
)
"""Keys of ``[model]`` that change no weight, or whether there are some of them."""
MIN_SAME_COLORS = 0.1
"""Share of the opaque colours below which a palette is another one."""


class Pairs(NamedTuple):
    """Entries along an axis, of the new weights and of the old ones that they take."""

    new: Tensor
    old: Tensor


class Taken(NamedTuple):
    """What a weight takes from another model."""

    values: Tensor
    known: Tensor
    """Where there is a value, ``bool`` of the weight's shape."""


@dataclass(frozen=True)
class WarmStart:
    """Another model's weights, matched to a new model."""

    taken: Mapping[str, Taken]
    """By the weights' names in the new model."""
    summary: str
    """What fits, in a line."""
    warning: str | None
    """A line where the two collections have next to nothing in common."""

    def apply(self, module: nn.Module, part: nn.Module) -> None:
        """Copy what fits into the weights of a whole new model that are in a part of it."""
        here = {weight.data_ptr() for weight in part.state_dict().values()}
        for name, weight in module.state_dict().items():
            if name in self.taken and weight.data_ptr() in here:
                values, known = (each.to(weight.device) for each in self.taken[name])
                weight.copy_(torch.where(known, values, weight))


def open_warm_start(path: Path, model: Model, card: Card) -> WarmStart:
    """The weights of the model at ``path``, matched to a new ``model`` of the ``card``.

    Raises:
        InputError: no such model, or one of another kind or size.
    """
    other = load_model(path)
    axes = declared_axes(model.module)
    if reason := _misfit(
        card, other.card, by_color=any(axis == "colors" for axis, _ in axes.values())
    ):
        raise InputError(f"{path} cannot start this training: {reason}")
    known = {label: k for k, label in enumerate(other.card.label_names)}
    labels = [(k, known[name]) for k, name in enumerate(card.label_names) if name in known]
    colors = nearest(other.card.palette, card.palette.rgba).astype(np.int64)
    same = sum(
        row == other.card.palette.rows[k] for row, k in zip(card.palette.rows, colors, strict=True)
    )
    taken = _match(model.module, other.model.module, _pairs(labels, colors, other.card, card))
    templates = {card.model.get("template"), other.card.model.get("template")}
    same_data = card.fingerprint == other.card.fingerprint
    if "yes" in templates and not (same_data and len(templates) == 1):
        _leave_biases(taken, model.module)
    numbers = sum(int(each.known.sum()) for each in taken.values())
    total = sum(weight.numel() for weight in model.module.state_dict().values())
    named = f"{len(labels)} of {len(card.label_names)} labels, " if card.label_names else ""
    nearby = "" if same == len(card.palette) else " and the rest from the nearest"
    summary = (
        f"took {named}{same} of {len(card.palette)} colours exactly{nearby}, "
        f"{100 * numbers // total}% of all weights from {path}"
    )
    # Transparent is an entry of every palette.
    alien = not labels and same - 1 < MIN_SAME_COLORS * (len(card.palette) - 1)
    return WarmStart(taken, summary, _warning(path) if alien else None)


def _warning(path: Path) -> str:
    return (
        f"warning: {path} shares no labels and hardly a colour with this dataset: compare with a "
        "training without --from, or prepare the dataset in that model's palette"
    )


def _misfit(new: Card, old: Card, *, by_color: bool) -> str | None:
    """The reason why weights of the one cannot be those of the other, and what to do."""
    family = new.model["family"]
    if old.model["family"] != family:
        return (
            f"it is a model of family {old.model['family']}, not {family}; leave [model] and "
            "--recipe out to train one of its family, or start from another model"
        )
    differ = [key for key in new.model if new.model[key] != old.model.get(key)]
    theirs = ", ".join(f"{key} = {old.model.get(key)!r}" for key in differ if key not in MAY_DIFFER)
    if theirs:
        return f"it has {theirs}; give [model] the same, or leave the table and --recipe out"
    if not by_color and old.domain != new.domain:
        return (
            f"family {family} starts from a model of the same canvas, palette and labels only; "
            "train without --from"
        )
    return None


def _match(new: nn.Module, old: nn.Module, pairs: Mapping[Axis, Pairs]) -> dict[str, Taken]:
    """What each weight of a new module takes from those of an old one."""
    weights, others, axes = new.state_dict(), old.state_dict(), declared_axes(new)
    taken: dict[str, Taken] = {}
    for name in weights.keys() & others.keys():
        weight, other = weights[name], others[name]
        if name in axes:
            axis, dim = axes[name]
            taken[name] = _along(weight, other, pairs[axis], dim)
        elif weight.shape == other.shape:
            taken[name] = Taken(other, torch.ones_like(other, dtype=torch.bool))
    for path, part in new.named_modules():
        whole = {f"{path}.{name}" for name in part.state_dict()}
        if getattr(part, "indivisible", False) and not whole <= taken.keys():
            taken = {name: each for name, each in taken.items() if name not in whole}
    return taken


def _leave_biases(taken: dict[str, Taken], module: nn.Module) -> None:
    """Leave the biases of places out, and those of colours, to which they add.

    A new model's start at the frequencies of colours in its dataset.
    """
    for path, part in module.named_modules():
        if isinstance(part, SpriteHead):
            for name in ("bias", "places"):
                taken.pop(f"{path}.{name}", None)
            rank = part.palette.shape[1] - part.places.shape[1]
            for name in part.reads_places:
                if f"{path}.{name}" in taken:
                    taken[f"{path}.{name}"].known[:, rank:] = False


def _along(weight: Tensor, old: Tensor, pairs: Pairs, dim: int) -> Taken:
    """Paired entries along a dimension, of which each has the features that both models have."""
    values, known = torch.zeros_like(weight), torch.zeros_like(weight, dtype=torch.bool)
    entries = old.index_select(dim, pairs.old).to(weight)
    there: list[slice | Tensor] = [
        slice(min(n, m)) for n, m in zip(weight.shape, old.shape, strict=True)
    ]
    here = list(there)
    there[dim], here[dim] = slice(None), pairs.new
    values[tuple(here)] = entries[tuple(there)]
    known[tuple(here)] = True
    return Taken(values, known)


def _pairs(
    labels: list[tuple[int, int]], colors: NDArray[np.int64], old: Card, new: Card
) -> dict[Axis, Pairs]:
    L, M, K = len(new.label_names), len(old.label_names), len(old.palette)
    entries = [*enumerate(colors.tolist())]
    states = [*labels, *((L + a, M + b) for a, b in labels)]
    # A level of noise stands after the states of labels, in two numbers.
    pairs: dict[Axis, list[tuple[int, int]]] = {
        "colors": entries,
        "colors twice": [*entries, *((len(colors) + a, K + b) for a, b in entries)],
        "tokens": [*entries, (len(colors), K)],
        "labels": labels,
        "label states": states,
        "label states and level": [*states, (2 * L, 2 * M), (2 * L + 1, 2 * M + 1)],
        "next label": [*labels, (L, M)],
    }
    return {
        axis: Pairs(*torch.tensor(rows, dtype=torch.long).view(-1, 2).t())
        for axis, rows in pairs.items()
    }


def declared_axes(module: nn.Module) -> dict[str, tuple[Axis, int]]:
    """The axes of all weights that declare one, by their names in the state dict."""
    found: dict[str, tuple[Axis, int]] = {}
    for path, part in module.named_modules():
        declared: Mapping[str, tuple[Axis, int]] = getattr(part, "axes", {})
        found |= {f"{path}.{name}" if path else name: axis for name, axis in declared.items()}
    return found
