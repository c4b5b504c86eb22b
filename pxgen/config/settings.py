"""The settings that have a table in the project file; flags and environment can set them, too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pxgen.config.options import parse_pair, size_text
from pxgen.config.sample_settings import SampleSettings
from pxgen.config.schema import run_setting, setting, values_of


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """``[data]``: how ``pxgen prepare`` turns sprites into a dataset."""

    source: tuple[str, ...] = setting(
        (),
        "folders, images, arrays or tables to learn from",
        is_path=True,
        argument=True,
        metavar="[SOURCE]...",
    )
    builtin: Literal["heads", "figures"] | bool = setting(
        False,
        "use built-in characters instead of a source: heads unless figures are named",
        metavar="[heads|figures]",
    )
    count: int = setting(
        10_000,
        "how many built-in characters",
        low=1,
        high=10**9,
        flags=("-n", "--count"),
        metavar="COUNT",
    )
    seed: int = setting(
        0, "seed of the built-in characters and of the held-out split", low=0, high=2**63 - 1
    )
    size: str | None = setting(
        None,
        "canvas WxH; unset: the commonest size",
        example='"24x24"',
        metavar="WxH",
        separator="x",
        parse=size_text,
    )
    cell: str | None = setting(
        None,
        "cut sheets into cells WxH",
        example='"16x16"',
        metavar="WxH",
        separator="x",
        parse=size_text,
    )
    margin: tuple[int, ...] | int = setting(
        0,
        "with cell: pixels left of the cells and above them; 2x1: across and down",
        low=0,
        metavar="PX",
        parse=parse_pair,
        separator="x",
    )
    spacing: tuple[int, ...] | int = setting(
        0,
        "with cell: pixels between cells; 2x1: across and down",
        low=0,
        metavar="PX",
        parse=parse_pair,
        separator="x",
    )
    views: str | None = setting(
        None,
        "names of the views in sheets (a row each), file names, folders or tags; none: no names; "
        "unset: as found in names",
        example='"down,left,right,up"',
        metavar="A,B",
        separator=",",
    )
    by: Literal["rows", "columns"] = setting(
        "rows", "with cell and views: the views of a sheet are its rows or its columns"
    )
    layout: Literal["rpg-maker", "lpc", "ninja"] | None = setting(
        None, "sheets of a known layout, with views and steps", example='"rpg-maker"'
    )
    take: str | None = setting(
        None,
        "of the named frames only these; * stands for anything; unset: all",
        example='"walk-*,idle-*/0"',
        metavar="A,B",
        separator=",",
    )
    frames: int | None = setting(None, "frames a clip; unset: as found", low=1, example="8")
    fit: Literal["hold", "loop", "resample"] | None = setting(
        None,
        "fill shorter clips with their last frame or from their start, or resample all; with cell "
        "and no frames a row is a clip; unset: they loop evenly or are refused",
        example='"hold"',
    )
    labels: str = setting(
        "auto",
        "auto, folders, captions (texts beside images), none or a CSV/JSON file",
        is_path=True,
        metavar="auto|folders|captions|none|FILE",
    )
    label_pattern: str | None = setting(
        None,
        "take labels from names of files: words in braces are labels, * is anything, # a number",
        example='"{kind}_{colour}_*"',
        metavar="PATTERN",
    )
    label_separator: str | None = setting(
        None,
        "what stands between labels in a cell, caption or name; unset: as found, comma in captions",
        example='","',
        metavar="TEXT",
    )
    label_columns: str | None = setting(
        None,
        "the columns of the label file to take; unset: all",
        example='"kind,hat"',
        metavar="A,B",
        separator=",",
    )
    label_names: str | None = setting(
        None,
        "names of classes 0, 1, ... of label arrays",
        example='"knight,mage"',
        metavar="A,B",
        separator=",",
    )
    palette: str = setting(
        "auto",
        "auto, a shipped palette's name, a file, or local (every sprite keeps its own)",
        is_path=True,
        metavar="auto|local|NAME|FILE",
        complete="palettes",
    )
    colors: int | None = setting(
        None,
        "reduce to so many colours (palette local: each sprite); unset: exact where possible",
        low=1,
        high=255,
        example="32",
    )
    dither: Literal["none", "bayer2", "bayer4", "bayer8"] = setting(
        "none", "none, bayer2, bayer4 or bayer8; used only where colours are reduced"
    )
    alpha: Literal["auto", "keep", "threshold"] = setting(
        "auto", "auto keeps a few deliberate semi-transparent colours and cuts soft edges at 128"
    )
    cut_background: bool = setting(
        False, "make the colour that fills the border transparent, as far as it reaches from there"
    )
    most_colors: int | None = setting(
        None, "leave sprites of more colours out; unset: none", low=1, example="48"
    )
    skip_empty: bool = setting(
        False, "leave out empty and nearly empty sprites: less than 1/32 of the canvas is opaque"
    )
    overflow: Literal["refuse", "undo", "keep"] = setting(
        "refuse", "JPEGs whose colours overflowed (-x mod 256): refuse, undo or keep"
    )
    anchor: Literal["bottom", "center"] = setting(
        "bottom", "bottom or center: where smaller sprites stand on the canvas"
    )
    trim: bool = setting(False, "cut the clear borders off sprites that are larger than the canvas")
    keep_scale: bool = setting(False, "do not undo enlargement, by a whole factor or any other")
    pixel: float | None = setting(
        None,
        "screen pixels that a pixel of the art is wide; unset: as found",
        low=1,
        high=256,
        example="3.4",
        metavar="PX",
    )
    holdout: float = setting(
        0.1, "share held out of training; near-duplicates stay together", low=0, high=0.9
    )
    together: Literal["likes", "file", "folder"] = setting(
        "likes", "what the split keeps on one side: likes, or also a whole file or outermost folder"
    )
    license: str | None = setting(
        None,
        "license of the sprites, which datasets, models and their cards tell",
        example='"CC-BY-4.0"',
        metavar="TEXT",
    )
    author: str | None = setting(None, "who drew the sprites", example='"A. Nonymous"')
    origin: str | None = setting(
        None,
        "where the sprites are from: a page, or a work's name",
        example='"https://example.org"',
    )
    audit: bool = setting(False, "find out which labels pixels show, and learn from those alone")
    skip_bad: bool = setting(False, "leave unreadable files out instead of stopping")
    out: Path | None = run_setting(
        None, "the dataset's folder (default: dataset)", flags=("-o", "--out"), metavar="DIR"
    )
    force: bool = run_setting(False, "replace the dataset in the folder")


OF_SPRITES = {"source", "builtin", "count", "seed", "size", "frames", "anchor"}
OF_DATASETS = {"holdout", "license", "author", "origin", "audit", "out", "force"}


def of_files(settings: DataSettings) -> list[str]:
    """The names of what is set that built-in sprites have no use for, as it is about files."""
    plain = values_of(DataSettings(), DataSettings)
    return [
        name
        for name, value in values_of(settings, DataSettings).items()
        if name not in OF_SPRITES | OF_DATASETS
        # A number of pixels stands for as many across and down.
        and value not in (plain[name], (plain[name], plain[name]))
    ]


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """``[train]``: budget, optimiser and drawing of examples."""

    steps: int | None = setting(
        None, "budget in optimiser steps a stage (then no minutes)", low=1, example="5000"
    )
    minutes: float | None = setting(
        None, "budget in minutes a run; 10 if neither is set", low=0.01, example="10.0"
    )
    batch: int = setting(
        0, "sprites a step; 0: the run's own, or 16 to 64 as suits the model and its canvas", low=0
    )
    lr: float = setting(
        0.01, "highest learning rate; it decays to 0 over the budget", low=0, high=1
    )
    warmup: int = setting(
        100, "steps until the learning rate is reached; at most a twentieth of the budget", low=0
    )
    weight_decay: float = setting(0.01, "decoupled weight decay of matrices", low=0)
    ema: float = setting(0.999, "decay a step of the averaged weights that sample", low=0, high=1)
    clip: float = setting(1.0, "largest gradient norm; 0 switches clipping off", low=0)
    seed: int = setting(0, "seed of weights, batches and noise", low=0, high=2**63 - 1)
    balance: float = setting(
        0.1, "share of examples drawn evenly over labels, so that rare ones are seen", low=0, high=1
    )
    flip: bool = setting(False, "mirror half of the sprites (only if left and right mean nothing)")
    shift: int = setting(0, "move sprites by up to so many pixels", low=0, metavar="PX")
    augment: Literal["auto", "yes", "no"] = setting(
        "auto",
        "mirror, move and recolour sprites too, and tell the network so that it draws none of it "
        "(diffusions); auto: fewer than 4000, or 150 that share a template",
    )
    precision: Literal["auto", "fp32", "bf16"] = setting(
        "auto", "auto, fp32 or bf16; auto takes bf16 where the device is faster with it"
    )
    validate_every: int = setting(500, "steps between validations", low=1)
    save_every: float = setting(60.0, "seconds between checkpoints", low=0)
    keep_snapshots: int = setting(
        0, "keep so many of the latest checkpoints to sample from, in snapshots/", low=0
    )
    track: Literal["none", "mlflow"] = setting(
        "none", "log to MLflow too (needs pxgen[mlflow]): none or mlflow"
    )


SETTINGS = {"data": DataSettings, "train": TrainSettings, "sample": SampleSettings}
"""The tables that are read here; ``[model]`` belongs to the model that its recipe names."""
