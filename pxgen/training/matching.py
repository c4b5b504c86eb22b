"""Matching of two collections: labels by their names, palette entries by the nearest colour.

Weights that belong to labels and colours go by it from one model to another, and from a run to one
that goes on with another dataset; other weights go where their shapes are equal. Modules declare
which of their weights belong to labels and colours, and along which dimension, in ``axes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pxgen.checkpoint.card import Card
from pxgen.checkpoint.migration import EXCLUSIVE
from pxgen.models.axes import Axis
from pxgen.palette.oklab import nearest

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

    def over(self, weight: Tensor) -> Tensor:
        """The weight with what is known put into it."""
        values, known = (each.to(weight.device) for each in self)
        return torch.where(known, values, weight)


@dataclass(frozen=True)
class Matching:
    """What the labels and colours of a collection have in another one."""

    pairs: Mapping[Axis, Pairs]
    summary: str
    """How many labels and colours are known, for a line."""
    alien: bool
    """True if the two have next to nothing in common."""


def match_collections(new: Card, old: Card) -> Matching:
    """Match the collection of a new model to that of an old one."""
    known = {label: k for k, label in enumerate(old.label_names)}
    labels = [(k, known[name]) for k, name in enumerate(new.label_names) if name in known]
    colors = nearest(old.palette, new.palette.rgba).astype(np.int64)
    same = sum(row == old.palette.rows[k] for row, k in zip(new.palette.rows, colors, strict=True))
    named = f"{len(labels)} of {len(new.label_names)} labels, " if new.label_names else ""
    nearby = "" if same == len(new.palette) else " and the rest from the nearest"
    return Matching(
        _pairs(labels, colors, new, old),
        f"{named}{same} of {len(new.palette)} colours exactly{nearby}",
        # Transparent is an entry of every palette.
        not labels and same - 1 < MIN_SAME_COLORS * (len(new.palette) - 1),
    )


def take(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    others: Mapping[str, Tensor],
    pairs: Mapping[Axis, Pairs],
) -> dict[str, Taken]:
    """What each of the ``weights`` of a module takes from ``others``, those of an old one.

    Both may as well hold what an optimizer remembers of each weight.
    """
    axes, taken = declared_axes(module), {}

    def fits(name: str) -> bool:
        """Whether the two are of one shape, but for the axis."""
        _, dim = axes.get(name, (None, None))
        shapes = zip(weights[name].shape, others[name].shape, strict=True)
        return all(n == m for k, (n, m) in enumerate(shapes) if k != dim)

    # Which labels exclude each other is counted on each dataset anew.
    for name in (weights.keys() & others.keys()) - {EXCLUSIVE}:
        weight, other = weights[name], others[name]
        if name in axes:
            axis, dim = axes[name]
            taken[name] = _along(weight, other, pairs[axis], dim)
        elif weight.shape == other.shape:
            taken[name] = Taken(other, torch.ones_like(other, dtype=torch.bool))
    for path, part in module.named_modules():
        if getattr(part, "indivisible", False):
            whole = {f"{path}.{name}" for name in part.state_dict()} & weights.keys()
            if not all(name in taken and fits(name) for name in whole):
                taken = {name: each for name, each in taken.items() if name not in whole}
    return taken


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
    labels: list[tuple[int, int]], colors: NDArray[np.int64], new: Card, old: Card
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


def by_color(module: nn.Module) -> bool:
    """True of models whose weights can be matched by colour: others need the same collection."""
    return any(axis == "colors" for axis, _ in declared_axes(module).values())


def declared_axes(module: nn.Module) -> dict[str, tuple[Axis, int]]:
    """The axes of all weights that declare one, by their names in the state dict."""
    found: dict[str, tuple[Axis, int]] = {}
    for path, part in module.named_modules():
        declared: Mapping[str, tuple[Axis, int]] = getattr(part, "axes", {})
        found |= {f"{path}.{name}" if path else name: axis for name, axis in declared.items()}
    return found
