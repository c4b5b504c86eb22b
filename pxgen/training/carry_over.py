"""Carry-over: a run's snapshot as one of another dataset, which grew or was relabelled, say.

The state of every weight that belongs to a label or colour of both goes on: the weight itself, its
average and what the optimizer remembers. That of a new colour begins as the nearest one's, that of
a new label anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import group, load_model, prefixed
from pxgen.errors import InputError
from pxgen.models.axes import Axis
from pxgen.models.protocol import Model
from pxgen.training.matching import Pairs, by_color, match_collections, take


def carry_over(
    file: Path, tensors: Mapping[str, Tensor], card: Card, model: Model, stage: int
) -> tuple[dict[str, Tensor], str]:
    """The ``tensors`` of a run as those of a new ``model`` of ``card``, and a line about it.

    The run stands in a ``stage``, whose best weights do not count: they were the best for sprites
    that are others now.

    Raises:
        InputError: the two collections have too little in common, or the file is malformed.
        KeyError: a tensor is missing.
        IndexError: the model has no such stage.
        RuntimeError: a tensor has another shape.
    """
    other = load_model(file)
    if not by_color(model.module) and other.card.domain != card.domain:
        raise InputError(
            f"{file.parent} holds a run of family {card.model['family']}, which goes on with the "
            "same palette and labels only, and these sprites have others: train anew, with another "
            "-o or with --fresh; of masked, uniform and ddpm-palette runs go on with any"
        )
    matching = match_collections(card, other.card)
    if matching.alien:
        raise InputError(
            f"{file.parent} holds a run of sprites that share no label and hardly a colour with "
            "these: choose another -o, start from it with --from, or replace it with --fresh"
        )
    part = model.stages()[stage].module
    whole = _carried(
        model.module, model.module.state_dict(), group(tensors, "weights"), matching.pairs
    )
    raw = {name: weight.detach() for name, weight in part.named_parameters()}
    carried = prefixed(whole, "weights")
    carried |= prefixed(_carried(part, raw, group(tensors, "raw"), matching.pairs), "raw")
    moments: dict[str, dict[str, Tensor]] = {}
    for name, tensor in group(tensors, "optimizer").items():
        weight, _, moment = name.rpartition(".")
        moments.setdefault(moment, {})[weight] = tensor
    for moment, old in moments.items():
        new = {name: torch.zeros_like(weight) for name, weight in raw.items() if name in old}
        for name, tensor in _carried(part, new, old, matching.pairs).items():
            carried[f"optimizer.{name}.{moment}"] = tensor
    return carried, matching.summary


def _carried(
    module: nn.Module,
    new: Mapping[str, Tensor],
    old: Mapping[str, Tensor],
    pairs: Mapping[Axis, Pairs],
) -> dict[str, Tensor]:
    """The ``new`` tensors of a module's weights with what the ``old`` ones know put into them."""
    if lost := new.keys() - old.keys():
        raise KeyError(min(lost))
    taken = take(module, new, old, pairs)
    return {n: taken[n].over(each) if n in taken else each for n, each in new.items()}
