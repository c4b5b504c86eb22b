"""``[sample]`` and its parts, which other verbs that draw pictures of a model share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pxgen.config.options import BatchSettings, Image, parse_shard, shard_of, size_text
from pxgen.config.schema import run_setting, setting

GIVEN = "given"
"""Instead of a palette's name: that of the given pictures."""


@dataclass(frozen=True, kw_only=True)
class StepSettings:
    """In how many steps a model draws."""

    steps: int | None = setting(None, "drawing steps; unset: the model's own", low=1, example="32")


@dataclass(frozen=True, kw_only=True)
class SamplerSettings:
    """By which rules a model draws, whatever the number of steps."""

    sampler: str | None = setting(
        None,
        "order of drawing; confidence sharpens, and empties sprites that share no template; "
        "consensus reads all again and mends what it doubts; "
        "unset: the model's own",
        example='"confidence"',
        metavar="NAME",
    )
    guidance: float | None = setting(
        None,
        "how strictly labels are followed; above 1 more colours and noise; unset: the model's own",
        low=0,
        example="2.0",
    )
    temperature: float | None = setting(
        None,
        "below 1 fewer and calmer colours (try 0.9), above 1 wilder; unset: the model's own",
        low=0,
        high=100,
        example="1.0",
    )
    top_k: int | None = setting(
        None,
        "draw only from so many of the likeliest entries (pixelsnail, vqvae alone); unset: all",
        low=1,
        example="64",
    )
    top_p: float | None = setting(
        None,
        "draw only from the likeliest entries of this share (pixelsnail, vqvae alone); unset: all",
        low=0,
        high=1,
        example="0.95",
    )
    eta: float | None = setting(
        None,
        "noise that ddim adds anew, 0 to 1; unset: the model's own",
        low=0,
        high=1,
        example="0.0",
    )


@dataclass(frozen=True, kw_only=True)
class SamplingSettings(SamplerSettings, StepSettings):
    """Options of sampling; the families read what means something to them."""


@dataclass(frozen=True, kw_only=True)
class EditSettings:
    """Inputs that a drawing starts from and keeps to."""

    init: Image | None = run_setting(None, "start from this sprite", is_path=True, metavar="IMAGE")
    strength: tuple[float, ...] = run_setting(
        (),
        "how far from --init to go: 0 not at all, 1 forgets it (repeatable: taken in turn; "
        "default: 0.8, and 1 inside --mask)",
        low=0,
        high=1,
    )
    mask: Image | None = run_setting(
        None, "draw only where this is white; keep the rest", is_path=True, metavar="IMAGE"
    )
    tile: Literal["x", "y", "xy"] | None = run_setting(None, "join borders without a seam")
    canvas: str | None = run_setting(
        None,
        "draw on a larger canvas (for textures; figures join); --init stays as it is",
        metavar="WxH",
        separator="x",
        parse=size_text,
    )
    at: str | None = run_setting(
        None, "where --init lies on --canvas (default: the middle)", metavar="X,Y", separator=","
    )
    lock: str | None = run_setting(
        None,
        "use only the colours nearest to a palette's, or `given`: those of --init",
        is_path=True,
        metavar="FILE",
        complete="palettes",
    )


@dataclass(frozen=True, kw_only=True)
class PictureSettings(EditSettings, SamplingSettings):
    """All that decides the picture of a model, seed, number and labels; manifests record it."""

    palette: str | None = setting(
        None,
        "draw in another palette: a shipped name, a file, or `given`: the colours of --init",
        example='"pico-8"',
        is_path=True,
        metavar="FILE",
        complete="palettes",
    )
    scale: int = setting(1, "enlarge each pixel to a square of this side", low=1, high=64)
    trace: bool = run_setting(False, "show each sprite as it forms")


@dataclass(frozen=True, kw_only=True)
class SeriesSettings:
    """The pictures asked for, and the model."""

    model: Path | None = run_setting(
        None,
        "run, checkpoint, or starter, starter-clips or starter-figures of the package (default: "
        "the newest run)",
        flags=("-m", "--model"),
        metavar="MODEL",
    )
    count: int = setting(
        1, "how many sprites", low=1, high=10**9, flags=("-n", "--count"), metavar="COUNT"
    )
    label: tuple[str, ...] = run_setting(
        (),
        "a label to show (repeatable); NAME:-1 forbids it, NAME:0.5 asks for it weakly",
        metavar="NAME",
        complete="labels",
    )
    seed: int = setting(
        0, "the stream of pictures; number i of a seed is always the same", low=0, high=2**63 - 1
    )
    first: int = run_setting(0, "number of the first of them in the seed's stream", low=0)
    shard: tuple[int, int] = run_setting(
        (0, 1), "make part I of N, from 1", parse=parse_shard, metavar="I/N"
    )

    @property
    def numbers(self) -> range:
        """The numbers of the pictures in the seed's stream."""
        own = shard_of(self.count, self.shard)
        return range(self.first + own.start, self.first + own.stop)


@dataclass(frozen=True, kw_only=True)
class SampleSettings(BatchSettings, PictureSettings, SeriesSettings):
    """``[sample]``: how new sprites are drawn from a model."""

    manifest: Path | None = run_setting(
        None, "write how to make each picture again", metavar="FILE"
    )
    repeat: Path | None = run_setting(
        None,
        "make the pictures of a manifest again (- reads it from a pipe); nothing else is drawn",
        metavar="FILE",
    )
    novel: int | None = run_setting(
        None, "draw again what differs from a training sprite in fewer than D pixels", low=1
    )
    dataset: Path | None = run_setting(
        None, "training sprites of --novel and of a page (default: project's)"
    )
