"""Warm start: a training that begins at another model's weights, where they fit.

Weights of labels go by the labels' names, those of colours by the nearest colour; other weights go
where their shapes are equal. Modules declare which of their weights belong to labels and colours,
and along which dimension, in ``axes``.
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
from pxgen.models.protocol import Model
from pxgen.palette.oklab import nearest

FREE = frozenset({"steps", "sampler", "guidance", "temperature", "eta", "label_dropout"})
"""Keys of ``[model]`` that change no weight."""


class Pairs(NamedTuple):
    """Entries along an axis, of the new weights and of the old ones that they take."""

    new: Tensor
    old: Tensor


@dataclass(frozen=True)
class WarmStart:
    """Another model's weights, matched to a new model."""

    weights: Mapping[str, Tensor]
    pairs: Mapping[Axis, Pairs]
    axes: Mapping[str, tuple[Axis, int]]
    shapes: Mapping[str, torch.Size]
    """Of the new model's weights."""
    summary: str
    """What fits, in a line."""

    def apply(self, module: nn.Module, part: nn.Module) -> None:
        """Copy what fits into the weights of a whole new model that are in a part of it."""
        here = {weight.data_ptr() for weight in part.state_dict().values()}
        for name, weight in module.state_dict().items():
            if name in self.weights and weight.data_ptr() in here:
                self._copy(weight, name)

    def _copy(self, weight: Tensor, name: str) -> None:
        old = self.weights[name]
        if name not in self.axes:
            if old.shape == weight.shape:
                weight.copy_(old)
            return
        axis, dim = self.axes[name]
        pairs = self.pairs[axis]
        taken = old.index_select(dim, pairs.old).to(weight)
        if own := self._unfit_places(name):
            # What places add is in a basis of their own.
            taken[:, -own:] = weight[pairs.new.to(weight.device), -own:]
        weight.index_copy_(dim, pairs.new.to(weight.device), taken)

    def _unfit_places(self, name: str) -> int:
        """Features of places at the end of a palette, where those of another canvas do not fit."""
        places = name.removesuffix("palette") + "places"
        if not name.endswith("palette") or self.shapes[places] == self.weights[places].shape:
            return 0
        return int(self.shapes[places][1])


def open_warm_start(path: Path, model: Model, card: Card) -> WarmStart:
    """The weights of the model at ``path``, matched to a new ``model`` of the ``card``.

    Raises:
        InputError: no such model, or one of another kind or size.
    """
    other = load_model(path)
    weights, new = other.model.module.state_dict(), model.module.state_dict()
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
    fits = [n for n in new if n in weights and (n in axes or new[n].shape == weights[n].shape)]
    parts = [
        f"{len(labels)} of {len(card.label_names)} labels",
        f"{same} of {len(card.palette)} colours exactly and the rest from the nearest",
        f"{len(fits)} of {len(new)} weights",
    ]
    summary = f"took {', '.join(parts)} from {path}"
    shapes = {name: weight.shape for name, weight in new.items()}
    return WarmStart(weights, _pairs(labels, colors, other.card, card), axes, shapes, summary)


def _misfit(new: Card, old: Card, *, by_color: bool) -> str | None:
    """The reason why weights of the one cannot be those of the other."""
    family = new.model["family"]
    if old.model["family"] != family:
        return f"it is a model of family {old.model['family']}, not {family}"
    differ = [key for key in new.model if new.model[key] != old.model.get(key)]
    theirs = ", ".join(f"{key} = {old.model.get(key)!r}" for key in differ if key not in FREE)
    if theirs:
        return f"it has {theirs}; give [model] the same, or leave the table and --recipe out"
    if not by_color and old.domain != new.domain:
        return f"family {family} starts from a model of the same canvas, palette and labels only"
    return None


def _pairs(
    labels: list[tuple[int, int]], colors: NDArray[np.int64], old: Card, new: Card
) -> dict[Axis, Pairs]:
    L, M, K = len(new.label_names), len(old.label_names), len(old.palette)
    entries = [*enumerate(colors.tolist())]
    states = [*labels, *((L + a, M + b) for a, b in labels)]
    # A level of noise stands after the states of labels, in two numbers.
    pairs: dict[Axis, list[tuple[int, int]]] = {
        "colors": entries,
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
