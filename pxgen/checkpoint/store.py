"""Checkpoints: one safetensors file that samples with nothing else present and can go on training.

``weights.*`` are the averaged weights that sample; a file that can resume also holds ``raw.*``, the
weights being optimised, ``optimizer.*``, and ``best.*`` in a stage that may end early. The
container cannot hold code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from pxgen.checkpoint.card import Card, checkpoint_file, read_card, stored_format
from pxgen.checkpoint.migration import EXCLUSIVE, migrate_tensors, oldest_format
from pxgen.config.schema import Table, Where
from pxgen.errors import InputError
from pxgen.files import write_bytes
from pxgen.models.layers import prefer_channels_last, prefer_columns
from pxgen.models.protocol import Model
from pxgen.models.registry import build_model
from pxgen.palette.local import LocalPalettes

PALETTES = "palettes"
"""Prefix of the tensors that hold palettes of training sprites."""


TOLD_BY_WEIGHTS = frozenset({"attention", "detail", "label_mixing"})
"""Keys of ``[model]`` that the names of weights tell, too: older formats had none of them."""
UNSAID = (("sampler", "ancestral"),)
"""Settings that older formats had without a key."""


class Loaded(NamedTuple):
    """A model ready to sample."""

    model: Model
    card: Card
    path: Path
    palettes: LocalPalettes | None
    """Palettes of training sprites, where each sprite has its own; else None."""

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return next(self.model.module.parameters()).device


def save_checkpoint(path: Path, card: Card, tensors: Mapping[str, Tensor]) -> Path:
    """Write a checkpoint whole or not at all."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # safetensors' own file writer makes files that only their owner can read.
    return write_bytes(path, save(whole, metadata=card.dump()))


def load_tensors(path: Path, *groups: str) -> dict[str, Tensor]:
    """The tensors of these groups of a checkpoint, or all, under today's names.

    A run's file is three to five times its averaged weights: nothing else of it is read.

    Raises:
        InputError: the file is truncated or malformed, or too old.
    """
    card, header = read_card(path)
    version, family = stored_format(header), str(card.model.get("family"))
    if version < oldest_format(family, card.canvas):
        raise InputError(
            f"{path} is of an earlier version, whose {family} models had another network: train "
            "it anew"
        )
    starts = tuple(f"{name}." for name in groups) or ""
    names = [name for name in header.entries if name.startswith(starts)]
    try:
        # Windows replaces no file that is mapped, and a run writes over what it started from.
        tensors = load(header.excerpt(names))
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is not a whole safetensors file: {error}; copy it again, or make it anew"
        ) from error
    except KeyError as error:
        raise InputError(f"{path} has tensors of type {error}, which no model has") from error
    return migrate_tensors(tensors, family, version)


def load_model(path: Path, device: str | torch.device = "cpu") -> Loaded:
    """The model of a checkpoint file or run folder, with the weights that sample.

    Raises:
        InputError: missing, malformed, or weights that do not fit the model it declares.
    """
    file = checkpoint_file(path)
    card, _ = read_card(file)
    # Shapes first, memory later: a stranger's card may declare a model larger than the machine.
    with torch.device("meta"), _Unfilled():
        model = build_model(Table(card.model, Where(str(file), path=("model",))), card.domain)
    tensors = load_tensors(file, "weights", PALETTES)
    load_weights(model, tensors, file)
    palettes = read_palettes(tensors, card, file)
    prefer_channels_last(model.module)
    prefer_columns(model.module)
    model.module.to(device).eval()
    return Loaded(model, card, file, palettes)


def fingerprint(loaded: Loaded) -> str:
    """SHA-256 over a model's settings, labels, palette and weights, as 32 hex digits."""
    card = loaded.card
    digest = hashlib.sha256()
    settings = {
        key: value
        for key, value in card.model.items()
        if key not in TOLD_BY_WEIGHTS and (key, value) not in UNSAID
    }
    shape = [settings, list(card.canvas), list(card.palette.hex), list(card.label_names)]
    if card.frame_names:
        shape.append(list(card.frame_names))
    digest.update(json.dumps(shape, sort_keys=True).encode())
    for name, tensor in sorted(loaded.model.module.state_dict().items()):
        if name == EXCLUSIVE and not tensor.any():
            # Models of older formats keep their fingerprints.
            continue
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    if loaded.palettes is not None:
        digest.update(loaded.palettes.rows.tobytes() + loaded.palettes.marks.tobytes())
    return digest.hexdigest()[:32]


def read_palettes(tensors: Mapping[str, Tensor], card: Card, file: Path) -> LocalPalettes | None:
    """The palettes of training sprites that a checkpoint holds, if each has its own.

    Raises:
        InputError: they do not fit the card.
    """
    found = group(tensors, PALETTES)
    if not found:
        return None
    shapes = {name: (tensor.dtype, tuple(tensor.shape[1:])) for name, tensor in found.items()}
    wanted = {
        "rows": (torch.uint8, (len(card.palette), 4)),
        "labels": (torch.uint8, (len(card.label_names),)),
    }
    if shapes != wanted or len({len(tensor) for tensor in found.values()} | {0}) != 2:
        raise InputError(f"{file}: its palettes do not fit its card: the file is damaged")
    return LocalPalettes(found["rows"].numpy(), found["labels"].numpy())


class _Unfilled(TorchFunctionMode):
    """Skips the random initialisation of weights, because loaded ones replace them.

    Without memory, normal draws would make torch load its compiler first, which takes as long as
    loading torch.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Collection[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if func is nn.init.normal_:
            # torch passes its tensor on by position or by name, as the version has it.
            return (*args, *given.values())[0]
        return func(*args, **given)


def load_weights(model: Model, tensors: Mapping[str, Tensor], file: Path) -> None:
    """Put a checkpoint's averaged weights into ``model``, whatever their precision.

    Raises:
        InputError: names or shapes differ from the model's, or values are impossible.
    """
    given = group(tensors, "weights")
    wanted = model.module.state_dict()
    for name in sorted(given.keys() ^ wanted.keys()):
        side = "lacks" if name in wanted else "holds an unknown"
        raise InputError(f"{file} {side} weight '{name}': it is damaged or of another model")
    for name, tensor in given.items():
        if tensor.shape != wanted[name].shape:
            raise InputError(
                f"{file}: weight '{name}' is {list(tensor.shape)}, the model it declares needs "
                f"{list(wanted[name].shape)}: the file is damaged"
            )
    full = {n: t.float() if t.is_floating_point() else t for n, t in given.items()}
    for name, tensor in full.items():
        if tensor.dtype != wanted[name].dtype:
            raise InputError(
                f"{file}: weight '{name}' holds {_kind(tensor)}, the model it declares needs "
                f"{_kind(wanted[name])}: the file is damaged"
            )
        if not tensor.isfinite().all():
            raise InputError(f"{file}: weight '{name}' holds what is no number: it is damaged")
    hollow = any(tensor.is_meta for tensor in wanted.values())
    try:
        model.module.load_state_dict(full, assign=hollow)
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def group(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors named ``prefix.…``, without the prefix."""
    start = prefix + "."
    return {name[len(start) :]: t for name, t in tensors.items() if name.startswith(start)}


def prefixed(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The inverse of :func:`group`."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}
