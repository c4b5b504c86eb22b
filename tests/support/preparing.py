"""Folders of small drawings, and ``pxgen prepare`` run on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.data.dataset import Dataset, open_dataset

COLORS = [(0, 0, 0, 0), (20, 20, 20, 255), (200, 30, 30, 255), (240, 220, 90, 255)]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["prepare", *map(str, arguments)])


def prepared(*arguments: object) -> Dataset:
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return open_dataset(Path(result.stdout.strip()))


def hero(seed: int, height: int = 8, width: int = 8) -> np.ndarray:
    """``(H, W, 4)`` of one drawing, never an enlarged one."""
    maps = np.random.default_rng(seed).integers(0, 4, (height, width))
    maps[-1, :3] = 1, 2, 3
    return np.array(COLORS, np.uint8)[maps]


def save(path: str, rgba: np.ndarray, **options: object) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgba).save(file, **options)  # type: ignore[arg-type]
    return file


def heroes(folder: str, count: int = 12, **size: int) -> list[np.ndarray]:
    drawn = [hero(seed, **size) for seed in range(count)]
    for seed, rgba in enumerate(drawn):
        save(f"{folder}/{'elf' if seed % 3 else 'orc'}/{seed:02}.png", rgba)
    return drawn


def shown(dataset: Dataset, name: str) -> np.ndarray:
    """``(T, H, W, 4)`` as the dataset would draw it."""
    return dataset.palette.colors(dataset.pixels[dataset.names.index(name)])


def visible(rgba: np.ndarray) -> np.ndarray:
    return np.where(rgba[..., 3:] == 0, 0, rgba)
