"""Snapshots: what samples of a run as it was at its latest saves, to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from torch import Tensor

from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import PALETTES, save_checkpoint

FOLDER = "snapshots"
_NAME = re.compile(r"(\d+)-\w+-(\d+)\.safetensors")


def keep_snapshot(
    run: Path, stage: str, card: Card, tensors: Mapping[str, Tensor], count: int
) -> None:
    """Write ``snapshots/2-denoiser-0005000.safetensors``, say, and keep the ``count`` latest.

    Raises:
        PxgenError: it cannot be written.
    """
    number, step = int(card.training["stage"]) + 1, int(card.training["step"])
    folder = run / FOLDER
    sampling = {n: t for n, t in tensors.items() if n.startswith(("weights.", PALETTES + "."))}
    save_checkpoint(folder / f"{number}-{stage}-{step:07}.safetensors", card, sampling)
    _remove([path for _, path in sorted(_snapshots(folder).items())][:-count])


def clear_snapshots(run: Path) -> None:
    """Remove those of the run that was here before."""
    _remove(_snapshots(run / FOLDER).values())


def _snapshots(folder: Path) -> dict[tuple[int, int], Path]:
    """Snapshots by stage and step."""
    named = ((_NAME.fullmatch(path.name), path) for path in folder.glob("*.safetensors"))
    return {(int(match[1]), int(match[2])): path for match, path in named if match}


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        # One that is in use stays until the next save.
        with suppress(OSError):
            path.unlink()
