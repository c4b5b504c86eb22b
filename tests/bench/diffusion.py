"""Drawing by DDIM beside the ordinary way: diffusers' U-Net of as many parameters, equal steps.

Run as a program, ``python -m tests.bench.diffusion`` prints sprites a second of both at each batch
size, and their parameters. Weights are random: how long a drawing takes does not depend on them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.child import median, program, times
from tests.bench.rows import Row

SIDE, COLORS, LABELS = 16, 64, 5
STEPS = 25
BATCHES = (1, 16, 64)
LEAST = 3.0
"""Times as fast as diffusers that drawing is meant to be."""


def rows(folder: Path) -> Iterator[Row]:
    """Both programs in one process each, and what it takes to import diffusers."""
    figures = program("diffusion", folder=folder)
    for batch in BATCHES:
        ours, theirs = figures["pxgen"][str(batch)], figures["diffusers"][str(batch)]
        name = f"ddpm by DDIM, {STEPS} steps, {batch} of {SIDE}x{SIDE} asked for"
        note = f"diffusers' U-Net {theirs:.3g} sprites/s"
        yield Row(name, ours, "sprites/s", times=ours / theirs, least=LEAST, note=note)
    sizes = f"{figures['parameters']['pxgen']:,} and {figures['parameters']['diffusers']:,}"
    imports = "from diffusers import UNet2DModel, DDIMScheduler"
    waited = median(times("-c", imports, repeats=3, folder=folder))
    yield Row("import diffusers, median of 3", waited, "s", note=f"parameters: {sizes}")


def _measure() -> dict[str, Any]:
    import torch

    from pxgen.canvas import Canvas, Domain
    from pxgen.config.recipe import read_recipe
    from pxgen.config.schema import Table, Where
    from pxgen.devices import cores
    from pxgen.models.registry import build_model
    from pxgen.noise import seed_weights

    palette = tuple((k, k, k, 255 * (k > 0)) for k in range(COLORS))
    domain = Domain(Canvas(1, SIDE, SIDE), palette, LABELS)
    seed_weights(0)
    model = build_model(Table(dict(read_recipe("ddpm")), Where("bench")), domain)
    model.module.eval()
    count = sum(p.numel() for p in model.module.parameters())
    network = _unet(count)
    torch.set_num_threads(cores())
    return {
        "parameters": {
            "pxgen": count,
            "diffusers": sum(p.numel() for p in network.parameters()),
        },
        "pxgen": {batch: _speed(batch, _ours(model)) for batch in BATCHES},
        "diffusers": {batch: _speed(batch, _theirs(network)) for batch in BATCHES},
    }


def _speed(batch: int, draw: Callable[[int], None]) -> float:
    """Sprites a second, the best of several drawings after one to warm up."""
    draw(batch)
    spent = []
    for _ in range(3 if batch > 1 else 20):
        began = time.perf_counter()
        draw(batch)
        spent.append(time.perf_counter() - began)
    return batch / min(spent)


def _ours(model: Any) -> Callable[[int], None]:
    import numpy as np
    import torch

    from pxgen.devices import cores
    from pxgen.models.protocol import SamplingParams
    from pxgen.sampling.engine import PictureRequest, draw_pictures

    sampling, labels = SamplingParams(sampler="ddim", steps=STEPS), np.ones(LABELS, np.float32)

    def draw(batch: int) -> None:
        requests = [PictureRequest(number, labels, sampling) for number in range(batch)]
        for _ in draw_pictures(model, requests, 0, device=torch.device("cpu"), workers=cores()):
            pass

    return draw


def _unet(parameters: int) -> Any:
    """A conditional U-Net as those of pixel_art_diffusion, scaled to about as many parameters."""
    from diffusers import UNet2DModel

    def build(width: int) -> Any:
        return UNet2DModel(
            sample_size=SIDE,
            in_channels=4,
            out_channels=4,
            layers_per_block=2,
            block_out_channels=(width, 2 * width),
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=4,
            num_class_embeds=LABELS,
        )

    widths = range(8, 129, 4)
    return min(
        map(build, widths),
        key=lambda network: abs(sum(p.numel() for p in network.parameters()) - parameters),
    ).eval()


def _theirs(network: Any) -> Callable[[int], None]:
    import torch
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(500)
    scheduler.set_timesteps(STEPS)

    def draw(batch: int) -> None:
        with torch.inference_mode():
            x = torch.randn(batch, 4, SIDE, SIDE)
            labels = torch.zeros(batch, dtype=torch.long)
            for step in scheduler.timesteps:
                noise = network(x, step, class_labels=labels).sample
                x = scheduler.step(noise, step, x).prev_sample

    return draw


if __name__ == "__main__":
    print(json.dumps(_measure()))
