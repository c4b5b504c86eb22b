"""What each block of a trained diffusion is worth: the held-out bits without it.

    python docs/studies/ablation.py runs/0001-masked --dataset dataset

The last layer of each kind of block is silenced in turn, and nothing is learnt anew: what a network
would have made of its absence from the start only another training tells.
"""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase
from pathlib import Path

import torch
from torch import nn

from pxgen.checkpoint.runs import shipped
from pxgen.checkpoint.store import load_model
from pxgen.data.batches import batch_of
from pxgen.data.dataset import Dataset, open_dataset, subsample
from pxgen.models.protocol import Stage
from pxgen.noise import PictureNoise

BLOCKS = {
    "the overview": "overview.expand",
    "attention": "coarse.*.out",
    "the coarse level's convolutions": "coarse.*.second",
    "the coarse level": "up",
    "the first block of the fine level": "before.second",
    "its last blocks": "after.*.second",
    "frames meeting cell by cell": "meet.*.expand",
    "what planes draw, mixed": "mix_planes.change",
    "what tells colours apart, mixed": "mix_features.change",
    "the block at full resolution": "detail.leave",
    "colours by their roles": "cache.query",
    "colours in use": "cache.lean",
}
"""The last layer of each kind of block, by its name in the network."""


def bits(stage: Stage, dataset: Dataset, count: int) -> float:
    """The mean held-out bound of so many sprites."""
    rows = subsample(dataset.held_out, count)
    device = torch.device("cpu")
    total = 0.0
    for row in rows:
        batch = batch_of(dataset, row[None], device)
        with torch.inference_mode():
            total += float(stage.held_out(batch, PictureNoise(0, [int(row)], device))["bits"])
    return total / len(rows)


def without(stage: Stage, pattern: str, dataset: Dataset, count: int) -> float | None:
    """The same with all layers of a pattern silent; None where there is none."""
    layers = [part for name, part in stage.module.named_modules() if fnmatchcase(name, pattern)]
    if not layers:
        return None
    whole = nn.ModuleList(layers)
    kept = {name: weight.clone() for name, weight in whole.state_dict().items()}
    for weight in whole.parameters():
        nn.init.zeros_(weight)
    silent = bits(stage, dataset, count)
    whole.load_state_dict(kept)
    return silent


def main() -> None:
    """Print a row for each kind of block that the network has."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("-n", "--count", type=int, default=64)
    options = parser.parse_args()
    model, dataset = load_model(shipped(options.model)).model, open_dataset(options.dataset)
    stage = model.stages()[-1]
    whole = bits(stage, dataset, options.count)
    print(f"| without | bits | more |\n|---|---|---|\n| – | {whole:.2f} | – |")
    for name, pattern in BLOCKS.items():
        silent = without(stage, pattern, dataset, options.count)
        if silent is not None:
            print(f"| {name} | {silent:.2f} | {silent - whole:+.2f} |")


if __name__ == "__main__":
    main()
