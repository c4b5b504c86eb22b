"""Warm start: a training that begins at another model's weights, where they fit.

Weights of labels and colours go by the matching of the two collections, others where their shapes
are equal. What belongs to places, biases and what labels draw, is left out unless the dataset is
the same: it says what stands where in the collection that it was learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import load_model
from pxgen.errors import InputError
from pxgen.models.diffusion.head import SpriteHead
from pxgen.models.diffusion.label_planes import LabelPlanes
from pxgen.models.protocol import Model
from pxgen.training.matching import Taken, by_color, match_collections, take

MAY_DIFFER = frozenset(
    {
        "steps",
        "sampler",
        "guidance",
        "temperature",
        "eta",
        "label_dropout",
        "template",
        "detail",
        "label_planes",
        "label_mixing",
    }
)
"""Keys of ``[model]`` that change no weight, or whether there are some of them."""


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
                weight.copy_(self.taken[name].over(weight))


def open_warm_start(path: Path, model: Model, card: Card) -> WarmStart:
    """The weights of the model at ``path``, matched to a new ``model`` of the ``card``.

    Raises:
        InputError: no such model, or one of another kind or size.
    """
    other = load_model(path)
    if reason := _misfit(card, other.card, by_color=by_color(model.module)):
        raise InputError(f"{path} cannot start this training: {reason}")
    matching = match_collections(card, other.card)
    weights = model.module.state_dict()
    taken = take(model.module, weights, other.model.module.state_dict(), matching.pairs)
    templates = {card.model.get("template"), other.card.model.get("template")}
    same_data = card.fingerprint == other.card.fingerprint
    if "yes" in templates and not (same_data and len(templates) == 1):
        _leave_places(taken, model.module)
    numbers = sum(int(each.known.sum()) for each in taken.values())
    total = sum(weight.numel() for weight in weights.values())
    summary = f"took {matching.summary}, {100 * numbers // total}% of all weights from {path}"
    return WarmStart(taken, summary, _warning(path) if matching.alien else None)


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
            "train without --from, or with --recipe masked"
        )
    return None


def _leave_places(taken: dict[str, Taken], module: nn.Module) -> None:
    """Leave label planes and their mixing out, and the biases of places and colours, which add up.

    A new model's biases start at the frequencies of colours in its dataset, its planes at nothing.
    """
    for path, part in module.named_modules():
        if isinstance(part, LabelPlanes) or path.endswith(".mix_planes"):
            for name in part.state_dict():
                taken.pop(f"{path}.{name}", None)
        if isinstance(part, SpriteHead):
            for name in ("bias", "places"):
                taken.pop(f"{path}.{name}", None)
            rank = part.palette.shape[1] - part.places.shape[1]
            for name in part.reads_places:
                if f"{path}.{name}" in taken:
                    taken[f"{path}.{name}"].known[:, rank:] = False
