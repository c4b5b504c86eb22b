"""Tiny models of clips, and ``pxgen animate`` run on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.render.gif import encode_gif
from tests.support.checkpoints import save
from tests.support.tiny import PALETTE

FRAMES = 4
CLIPS = ["vqvae", "masked", "uniform", "ddpm-palette"]
"""Recipes whose models draw clips."""


def save_clips(folder: Path, recipe: str, names: tuple[str, ...] = ()) -> Path:
    """An untrained model of clips of four frames."""
    return save(folder, recipe=recipe, frames=FRAMES, names=names)


def run(folder: Path, *arguments: object) -> tuple[int, list[str], str]:
    command = ["animate", "-m", str(folder), "--workers", "1", *map(str, arguments)]
    result = CliRunner().invoke(pxgen, command)
    return result.exit_code, result.stdout.splitlines(), result.stderr


def frames_of(path: str | Path) -> np.ndarray:
    """``(T, H, W, 4)``."""
    with Image.open(path) as image:
        frames = []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGBA")))
    return np.stack(frames)


def clip(path: Path, frames: int = FRAMES) -> np.ndarray:
    pixels = np.random.default_rng(5).integers(0, len(PALETTE), (frames, 6, 8)).astype(np.uint8)
    path.write_bytes(encode_gif(pixels, PALETTE, 100))
    return pixels
