"""Small things that many tests need: a dataset of two kinds of sprites and a model of seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.config.recipe import read_recipe, recipe_names
from pxgen.config.schema import Table, Where
from pxgen.data.dataset import Dataset, DatasetWriter, open_dataset
from pxgen.models.diffusion.head import SpriteHead
from pxgen.models.protocol import Model
from pxgen.models.registry import build_model
from pxgen.noise import seed_weights
from pxgen.palette import Palette

PALETTE = Palette.of([(200, 0, 0), (0, 200, 0), (0, 0, 200), (250, 250, 250)], "tiny")
LABELS = ("left", "right")
TINY = {"template": "yes", "width": 8, "coarse": 8, "depth": 1, "hidden": 8, "rank": 4, "steps": 4}
TINY |= {"size": 4, "categories": 3, "embedding": 4, "blocks": 2}
TINY |= {
    "codes": 8,
    "code_size": 4,
    "patch": 2,
    "decoder_width": 12,
    "prior_width": 8,
    "prior_blocks": 1,
}
"""What makes a recipe quick; keys that a recipe lacks are left out."""

MODEL_TABLE = """[model]
family = "masked"
template = "yes"
width = 8
coarse = 8
depth = 1
hidden = 8
rank = 4
steps = 2
"""
"""The same as a project's table."""


def domain(frames: int = 1, height: int = 6, width: int = 8, labels: int = 2) -> Domain:
    return Domain(Canvas(frames, height, width), PALETTE.rows, labels)


def tiny_table(recipe: str = "masked", **changes: object) -> Table:
    table = dict(read_recipe(recipe))
    table |= {key: value for key, value in TINY.items() if key in table}
    return Table(table | changes, Where("test"))


def tiny_model(recipe: str = "masked", of: Domain | None = None, **changes: object) -> Model:
    seed_weights(0)
    model = build_model(tiny_table(recipe, **changes), of or domain())
    model.module.eval()
    return model


def certain(head: SpriteHead, wanted: Tensor) -> None:
    """Leave a head no doubt: ``(P,)`` entries, each likeliest by far at its place."""
    K, own = len(head.palette), head.places.shape[1]
    with torch.no_grad():
        head.places[:, :K] = 60 * F.one_hot(wanted, K)
        head.palette[:, -own:][:, :K] = torch.eye(K)


def tiny_dataset(folder: Path, count: int = 48, *, labels: bool = True, frames: int = 1) -> Dataset:
    """Sprites with a bar on the left or the right in one of four colours."""
    generator = np.random.default_rng(0)
    pixels = np.zeros((count, frames, 6, 8), np.uint8)
    marks = np.zeros((count, 2), np.uint8)
    for i in range(count):
        side = i % 2
        marks[i, side] = 1
        pixels[i, :, 1:5, 1 + 4 * side : 3 + 4 * side] = generator.integers(1, 5)
    names = LABELS if labels else ()
    writer = DatasetWriter(
        folder / "dataset.safetensors",
        palette=PALETTE,
        label_names=names,
        canvas=(frames, 6, 8),
        info={},
    )
    with writer:
        writer.append(pixels, marks[:, : len(names)], [f"{i}.png" for i in range(count)])
        writer.finish((np.arange(count) % 6 == 5).astype(np.uint8), np.arange(count, dtype="i4"))
    return open_dataset(folder)


def labelled(
    folder: Path,
    pixels: np.ndarray,
    labels: np.ndarray,
    held: np.ndarray,
    palette: Palette = PALETTE,
) -> Dataset:
    """A dataset of given sprites, labels and split, each sprite a group of its own."""
    writer = DatasetWriter(
        folder / "dataset.safetensors",
        palette=palette,
        label_names=[f"label {k}" for k in range(labels.shape[1])],
        canvas=pixels.shape[1:],
        info={},
    )
    with writer:
        writer.append(pixels, labels, [""] * len(pixels))
        writer.finish(held.astype(np.uint8), np.arange(len(pixels), dtype=np.int32))
    return open_dataset(folder)


RECIPES = recipe_names()
FAMILIES = (
    "masked",
    "uniform",
    "ddpm",
    "ddpm-palette",
    "pixelsnail",
    "vqvae",
    "conv-cvae",
    "gsvae",
)
"""A recipe of each family: most of the others are autoencoders with other settings."""
