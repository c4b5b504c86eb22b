"""A model to draw from, opened, and the check of the options that it takes."""

from __future__ import annotations

from pathlib import Path

from pxgen.checkpoint.runs import STARTER, choose_model
from pxgen.checkpoint.store import Loaded, load_model
from pxgen.config.schema import nearest
from pxgen.devices import pick_device
from pxgen.errors import Remark, UsageError
from pxgen.models.protocol import Model, SamplingParams


def open_model(
    model: Path | None, device: str, runs: Path, remark: Remark, starter: Path = STARTER
) -> Loaded:
    """The model that is chosen, ready to draw; a remark if it has only begun to learn.

    Raises:
        UsageError: no such device here.
        InputError: it is missing or malformed.
        PxgenError: there is none at all.
    """
    return ready_model(choose_model(model, runs, remark, starter), device, remark)


def ready_model(path: Path, device: str, remark: Remark) -> Loaded:
    """A chosen model, as :func:`open_model` gives it."""
    loaded = load_model(path, pick_device(device))
    stages = [stage.name for stage in loaded.model.stages()]
    at = loaded.card.training.get("stage")
    if isinstance(at, int) and at < len(stages) - 1:
        left = ", ".join(stages[at:])
        remark(f"{loaded.path} has yet to learn {left}: go on with `pxgen train`")
    return loaded


def check_sampling(sampling: SamplingParams, model: Model) -> None:
    """Refuse options that a model, or the sampler that will draw, does not take.

    Raises:
        UsageError: such an option, or a sampler that the model does not have.
    """
    taken = model.takes.union(*model.samplers.values())
    for name in sorted(sampling.requested() - taken):
        options = ", ".join(_flag(option) for option in sorted(taken)) or "none of them"
        raise UsageError(f"this model has no use for {_flag(name)}; it takes {options}")
    sampler = sampling.sampler or model.sampler
    if sampler not in model.samplers:
        hint = nearest(sampler, model.samplers)
        raise UsageError(f"no sampler '{sampler}' for this model: {hint}")
    for name in sorted(sampling.requested() - model.takes - model.samplers[sampler]):
        able = [other for other, options in model.samplers.items() if name in options]
        raise UsageError(
            f"sampler {sampler} has no use for {_flag(name)}; take --sampler {' or '.join(able)}"
        )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
