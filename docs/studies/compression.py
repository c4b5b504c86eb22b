"""What two levels of codes of a clip take, in numbers and under priors that were learnt.

    python docs/studies/compression.py
    python docs/studies/compression.py --steps 150 -o build/study/compression
    python docs/studies/compression.py --model runs/walks --dataset dataset

The first counts what a video VQ-VAE claims of clips of 16x256x256 RGB pixels: codes alone, each as
long as any. The second does the same for built-in clips, of which a code of ours spans the same
share, and measures on held-out ones what the codes take once priors know which are likely, and what
is still to be told before every pixel is right. The third measures any ``vqvae`` model.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pxgen
from pxgen.canvas import Canvas
from pxgen.devices import cores
from pxgen.evaluation.bits import held_out_bits
from pxgen.models.vqvae.model import VqVae
from pxgen.sampling.sprite_model import SpriteModel

RGB = 24
"""Bits of a pixel in colour."""
CLAIMED = Canvas(16, 256, 256)
LEVELS = {
    "4x32x32 and 8x64x64": (Canvas(4, 32, 32), Canvas(8, 64, 64)),
    "4x32x32 and 8x32x32, as written": (Canvas(4, 32, 32), Canvas(8, 32, 32)),
    "8x64x64 alone": (Canvas(8, 64, 64),),
}
CODES = 512
SHAPED = {
    "recipe": "vqvae-clip",
    "codes": CODES,
    "patch": 4,
    "bottom_frames": 2,
    "top_frames": 4,
    "temperature": 0.3,
}
"""``[model]``: a bottom code spans two frames of 4x4 pixels, a top one four of 8x8, as there."""
CLIPS = {"builtin": True, "frames": 8, "count": 2_000, "seed": 1}


class Size(NamedTuple):
    """What a clip takes."""

    name: str
    bits: float

    def less_than(self, other: float) -> float:
        """The percentage by which it is less than so many bits."""
        return 100 * (1 - self.bits / other)


def rgb_bits(clip: Canvas) -> int:
    """Bits of a clip's colours, 24 a pixel."""
    return clip.pixels * RGB


def code_bits(grids: tuple[Canvas, ...], codes: int) -> float:
    """Bits of grids of codes, each of which may be any."""
    return sum(grid.pixels for grid in grids) * math.log2(codes)


def claimed() -> Iterator[Size]:
    """The sizes of codes of the clips of the claim."""
    for name, grids in LEVELS.items():
        yield Size(name, code_bits(grids, CODES))


def sizes(model: VqVae, by_stage: Mapping[str, float]) -> list[Size]:
    """What a clip takes: by codes of one length, under the priors, and with every pixel right."""
    grids = model.codec.grids
    under_priors = by_stage["top"] + by_stage["bottom"]
    return [
        Size("codes, each as long as any", code_bits((grids.top, grids.bottom), model.spec.codes)),
        Size("codes under their priors", under_priors),
        Size("these, and what is left to the pixels", under_priors + by_stage["decoder"]),
    ]


def learnt(steps: int, out: Path) -> tuple[Path, Path]:
    """A model of built-in clips and its dataset, made unless they are there."""
    dataset, run = out / "clips", out / "run"
    if not (dataset / "dataset.safetensors").exists():
        pxgen.prepare(out=dataset, **CLIPS)
    for report in pxgen.train(dataset, model=SHAPED, steps=steps, batch=16, out=run):
        if report.held_out:
            spent = report.position.cpu_seconds
            print(
                f"{report.stage}: {report.held_out['bits']:,.1f} bits after {spent:.0f} CPU-seconds"
            )
    return run, dataset


def measure(model: SpriteModel, dataset: pxgen.Dataset) -> None:
    """Print what held-out clips take.

    Raises:
        SystemExit: the model has no codes of two levels.
    """
    codec = model.loaded.model
    if not isinstance(codec, VqVae):
        raise SystemExit("only vqvae models have codes of two levels")
    found = held_out_bits(codec, dataset, seed=0, device=model.loaded.device, workers=cores())
    shape, raw = model.canvas, found["files"]["raw"]
    grids = " and ".join("x".join(map(str, grid)) for grid in codec.codec.grids[1:3])
    print(f"{found['sprites']} held-out clips of {'x'.join(map(str, shape))}, codes of {grids}")
    print(f"RGB: {rgb_bits(shape):,} bits; palette indices: {raw:,.0f}; a PNG file: "
          f"{found['files']['png']:,.0f}")  # fmt: skip
    for size in sizes(codec, found["by_stage"]):
        print(
            f"{size.name}: {size.bits:,.1f} bits, {size.less_than(rgb_bits(shape)):.3f} % less "
            f"than RGB, {size.less_than(raw):.2f} % less than indices"
        )


def main() -> None:
    """Print the claim, and what a model does if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, help="train a model of built-in clips first")
    parser.add_argument("-o", "--out", type=Path, default=Path("build/study/compression"))
    parser.add_argument("--model", type=Path, help="measure this one instead, with --dataset")
    parser.add_argument("--dataset", type=Path)
    options = parser.parse_args()
    print(f"{'x'.join(map(str, CLAIMED))} RGB: {rgb_bits(CLAIMED):,} bits")
    for size in claimed():
        print(f"{size.name}: {size.bits:,.0f} bits, {size.less_than(rgb_bits(CLAIMED)):.2f} % less")
    model, dataset = options.model, options.dataset
    if options.steps is not None:
        model, dataset = learnt(options.steps, options.out)
    if model is not None and dataset is not None:
        measure(pxgen.load(model), pxgen.open_dataset(dataset))


if __name__ == "__main__":
    main()
