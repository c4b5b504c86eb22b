"""The keyword arguments of the library, any of which may be left out.

They are those of the settings classes that a library has a use for, typed as a caller writes them:
a path may be text, a list of one thing that thing, an image an array.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from numpy.typing import NDArray

StrPath = str | os.PathLike[str]
Image = StrPath | NDArray[Any]
"""A file, or an array: ``(T, H, W, 4)`` or ``(H, W, 4) uint8`` RGBA, ``(T, H, W)`` or ``(H, W)
uint8`` indices of the model's palette, or bool for a mask."""
Parts = str | Sequence[str | int]
"""``"24x24"`` or ``(24, 24)``, width first; ``"kind,hat"`` or ``["kind", "hat"]``."""


class SamplerOptions(TypedDict, total=False):
    """How a model draws."""

    sampler: str | None
    guidance: float | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    eta: float | None


class _SeriesOptions(SamplerOptions, total=False):
    label: str | Sequence[str]
    """Beside those that stand without a keyword."""
    steps: int | None
    first: int
    batch: int
    workers: int | None


class SampleOptions(_SeriesOptions, total=False):
    """Of ``SpriteModel.sample`` and ``stream``."""

    init: Image | None
    strength: float | Sequence[float]
    mask: Image | None
    tile: Literal["x", "y", "xy"] | None
    canvas: Parts | None
    at: Parts | None
    lock: StrPath | None
    palette: StrPath | None
    trace: bool
    novel: int | None
    dataset: StrPath | None


class AnimateOptions(_SeriesOptions, total=False):
    """Of ``SpriteModel.animate``."""

    given: Image | Sequence[Image] | Mapping[str | int, Image]
    """By the names or numbers of their frames in a mapping."""
    keep: int | None
    frames: int | None
    loop: Literal["forward", "pingpong"]
    fps: float
    durations: Parts | Sequence[float] | None
    mask: Image | None
    lock: StrPath | None
    palette: StrPath | None


class EvaluateOptions(SamplerOptions, total=False):
    """Of ``evaluate``."""

    steps: int | Sequence[int]
    count: int
    label: str | Sequence[str]
    ask: Literal["collection", "evenly"]
    rest: int
    seed: int
    workers: int | None


class PrepareOptions(TypedDict, total=False):
    """Of ``prepare``."""

    builtin: Literal["heads", "figures"] | bool
    count: int
    seed: int
    size: Parts | None
    cell: Parts | None
    margin: Parts | Sequence[int] | int
    spacing: Parts | Sequence[int] | int
    views: Parts | None
    by: Literal["rows", "columns"]
    layout: Literal["rpg-maker", "lpc", "ninja"] | None
    take: Parts | None
    frames: int | None
    fit: Literal["hold", "loop", "resample"] | None
    labels: StrPath
    label_pattern: str | None
    label_separator: str | None
    label_columns: Parts | None
    label_names: Parts | None
    palette: StrPath
    colors: int | None
    dither: Literal["none", "bayer2", "bayer4", "bayer8"]
    alpha: Literal["auto", "keep", "threshold"]
    cut_background: bool
    most_colors: int | None
    skip_empty: bool
    overflow: Literal["refuse", "undo", "keep"]
    anchor: Literal["bottom", "center"]
    trim: bool
    keep_scale: bool
    pixel: float | None
    holdout: float
    together: Literal["likes", "file", "folder"]
    license: str | None
    author: str | None
    origin: str | None
    audit: bool
    skip_bad: bool
    force: bool


class TrainOptions(TypedDict, total=False):
    """Of ``train``."""

    steps: int | None
    minutes: float | None
    batch: int
    lr: float
    warmup: int
    weight_decay: float
    ema: float
    clip: float
    seed: int
    balance: float
    flip: bool
    shift: int
    augment: Literal["auto", "yes", "no"]
    precision: Literal["auto", "fp32", "bf16"]
    validate_every: int
    save_every: float
    keep_snapshots: int
