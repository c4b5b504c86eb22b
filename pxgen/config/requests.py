"""Requests to commands without a table of their own in the project file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pxgen.config.options import (
    MAX_MS,
    MIN_MS,
    BatchSettings,
    Device,
    DeviceSettings,
    Image,
    OutputSettings,
    SheetSettings,
    parse_durations,
    shard_of,
)
from pxgen.config.sample_settings import (
    EditSettings,
    PictureSettings,
    SamplerSettings,
    SampleSettings,
    SamplingSettings,
    SeriesSettings,
)
from pxgen.config.schema import again, needed, run_setting
from pxgen.config.settings import DataSettings, TrainSettings
from pxgen.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class TrainRunSettings:
    """The training that ``train`` begins or goes on with."""

    dataset: Path | None = run_setting(None, "dataset (default: the project's)")
    recipe: str | None = run_setting(
        None,
        "kind of model (default: the project's, or masked)",
        metavar="NAME",
        complete="recipes",
    )
    from_: Path | None = run_setting(
        None,
        "start from this model's weights where they fit: labels by name, colours by the nearest",
        flags=("--from",),
        metavar="MODEL",
    )
    resume: bool = run_setting(
        True, "go on where the run stopped, or start anew", flags=("--resume/--fresh",)
    )
    out: Path | None = run_setting(
        None,
        "run folder (default: under runs/); one that is named also goes on with a dataset that "
        "grew or was relabelled (other families than masked, uniform and ddpm-palette: with the "
        "same palette and labels only), and with another rate or batch",
        flags=("-o", "--out"),
        metavar="RUN",
    )
    device: Device = again(DeviceSettings, "device")


@dataclass(frozen=True, kw_only=True)
class ClipSettings(SamplingSettings):
    """All that decides the clip of a model, seed, number and labels; manifests record it."""

    scale: int = again(PictureSettings, "scale")
    palette: str | None = again(
        PictureSettings, "palette", doc="draw in another palette: a name, a file, or `given`"
    )
    given: tuple[Image, ...] = run_setting(
        (),
        "draw the rest of a picture, clip or sheet (repeatable); FRAMES, such as front, left/0 or "
        "0-3, say what of the clip it is",
        metavar="[FRAMES=]FILE",
    )
    keep: int | None = run_setting(
        None, "only with so many of its first frames (default: all)", low=1
    )
    mask: Image | None = again(
        EditSettings, "mask", doc="draw also where this is white in given frames"
    )
    lock: str | None = again(
        EditSettings, "lock", doc="use only the colours nearest to a palette's, or `given` ones"
    )
    frames: int | None = run_setting(
        None, "frames of a walk of a model of stills (default: 24)", low=2, high=4096
    )
    loop: Literal["forward", "pingpong"] = run_setting(
        "forward", "begin again, or go there and back"
    )
    fps: float = run_setting(10.0, "frames a second", low=0.02, high=50)
    durations: tuple[float, ...] | None = run_setting(
        None,
        "milliseconds of each frame, instead of --fps",
        low=MIN_MS,
        high=MAX_MS,
        parse=parse_durations,
        metavar="MS,MS,...",
    )


@dataclass(frozen=True, kw_only=True)
class AnimateSettings(BatchSettings, ClipSettings, SeriesSettings):
    """``animate``: clips drawn, gone on with, or walks that close."""

    manifest: Path | None = again(
        SampleSettings, "manifest", doc="write how `pxgen sample --repeat` makes each clip again"
    )
    dataset: Path | None = again(
        SampleSettings, "dataset", doc="training clips of a page (default: project's)"
    )

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        super().__post_init__()
        if (self.keep is not None or self.mask is not None) and not self.given:
            raise UsageError("--keep and --mask need frames: give some with --given")


@dataclass(frozen=True, kw_only=True)
class PathSettings:
    """The sprites that a way passes through, and its frames."""

    from_: str | int = needed("where to begin", metavar="IMAGE|SEED")
    through: tuple[str | int, ...] = run_setting(
        (), "a sprite on the way (repeatable)", metavar="IMAGE|SEED"
    )
    to: str | int = needed("where to end", metavar="IMAGE|SEED")
    label: tuple[str, ...] = again(SeriesSettings, "label", doc="a label of all of them")
    from_label: tuple[str, ...] = again(
        SeriesSettings, "label", doc="a label of the first one only"
    )
    to_label: tuple[str, ...] = again(SeriesSettings, "label", doc="a label of the last one only")
    frames: int = run_setting(16, "how many", low=2, high=4096)
    loop: bool = run_setting(False, "go back to the beginning, without a seam")
    model: Path | None = again(SeriesSettings, "model")
    fps: float = again(AnimateSettings, "fps")
    scale: int = again(PictureSettings, "scale")


@dataclass(frozen=True, kw_only=True)
class InterpolateSettings(OutputSettings, PathSettings):
    """``interpolate``: the way from one sprite to another."""


@dataclass(frozen=True, kw_only=True)
class ReconstructSettings(SheetSettings):
    """``reconstruct``: images beside what a model makes of them."""

    images: tuple[Path, ...] = needed("", argument=True, metavar="IMAGE...")
    model: Path | None = again(SeriesSettings, "model")
    label: tuple[str, ...] = again(SeriesSettings, "label", doc="a label the images bear")
    level: Literal["both", "top", "bottom"] = run_setting(
        "both", "what to decode of codes that have two levels"
    )
    strict: bool = run_setting(False, "refuse colours that the model's palette lacks")
    seed: int = again(SeriesSettings, "seed")
    scale: int = again(PictureSettings, "scale")
    out: str | None = again(
        OutputSettings,
        "out",
        doc="folder, .png sheet, {files} frames, or - (default: a file an image, here)",
    )
    force: bool = again(OutputSettings, "force")
    shard: tuple[int, int] = again(SeriesSettings, "shard")
    json: bool = run_setting(False, "print the figures as one JSON document")
    device: Device = again(DeviceSettings, "device")

    @property
    def numbers(self) -> range:
        """Numbers of the images of the shard, counted from 0."""
        return shard_of(len(self.images), self.shard)


@dataclass(frozen=True, kw_only=True)
class JudgedSettings:
    """What ``evaluate`` judges."""

    model: Path | None = again(SeriesSettings, "model")
    dataset: Path | None = run_setting(
        None, "what to judge by (default: the project's, if the model was trained on it)"
    )
    count: int = again(SeriesSettings, "count", default=1000, doc="how many sprites to draw")
    label: tuple[str, ...] = again(
        SeriesSettings,
        "label",
        doc="ask for this label alone; repeat it for several in turn",
    )
    ask: Literal["collection", "evenly"] = run_setting(
        "collection",
        "the label that a sprite is asked for: one of a random training sprite's, or each in turn",
    )
    steps: tuple[int, ...] = again(
        SamplingSettings,
        "steps",
        default=(),
        doc="drawing steps; repeat it for a row of figures each (default: the model's own)",
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(SamplerSettings, JudgedSettings):
    """``evaluate``: how good a model is."""

    rest: int = run_setting(
        50, "held-out sprites to draw the rest of, from halves, views and more; 0: none", low=0
    )
    seed: int = again(SeriesSettings, "seed")
    device: Device = again(DeviceSettings, "device")
    workers: int | None = again(BatchSettings, "workers")
    json: bool = run_setting(False, "print one JSON document")
    out: tuple[Path, ...] = run_setting(
        (),
        "write a .png sheet of what was drawn, a .json or a .html report; may be repeated",
        flags=("-o", "--out"),
        metavar="FILE",
    )


@dataclass(frozen=True, kw_only=True)
class CompareSettings(TrainSettings):
    """``compare``: recipes trained at one budget, side by side."""

    recipes: tuple[str, ...] = needed("", argument=True, metavar="RECIPE...")
    dataset: Path | None = again(TrainRunSettings, "dataset")
    resume: bool = again(TrainRunSettings, "resume", doc="keep what is trained, or begin anew")
    out: Path = needed("where it all goes", flags=("-o", "--out"), metavar="FOLDER")
    json: bool = run_setting(False, "print the rows as one JSON document")
    device: Device = again(DeviceSettings, "device")


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """The images and clips that ``export`` puts together, and their colours and times."""

    sources: tuple[Path, ...] = needed("", argument=True, metavar="SOURCE...")
    cell: str | None = again(DataSettings, "cell")
    margin: tuple[int, ...] | int = again(DataSettings, "margin")
    spacing: tuple[int, ...] | int = again(DataSettings, "spacing")
    views: str | None = again(
        DataSettings,
        "views",
        doc="names of the views in sheets (a row each) or file names: an animation each",
    )
    by: Literal["rows", "columns"] = again(DataSettings, "by")
    layout: Literal["rpg-maker", "lpc", "ninja"] | None = again(DataSettings, "layout")
    take: str | None = again(DataSettings, "take")
    frames: int | None = run_setting(None, "frames a clip (default: as found)", low=1)
    colors: int | None = again(
        DataSettings, "colors", doc="reduce to so many colours (default: all)"
    )
    palette: str | None = again(
        PictureSettings, "palette", doc="draw in a palette's colours: a shipped name or a file"
    )
    dither: Literal["none", "bayer2", "bayer4", "bayer8"] = again(DataSettings, "dither")
    fps: float | None = again(
        AnimateSettings, "fps", default=None, doc="frames a second (default: as the files say)"
    )
    plays: int | None = run_setting(
        None,
        "how often an animation is shown, 0 for ever (default: as the files say)",
        low=0,
        high=65_535,
    )
    scale: int = again(PictureSettings, "scale")
    out: str = needed(
        "folder of frames, .png sheet, {files}, or -", flags=("-o", "--out"), metavar="OUT"
    )
    force: bool = again(OutputSettings, "force")


@dataclass(frozen=True, kw_only=True)
class ExportSettings(SheetSettings, SourceSettings):
    """``export``: images and clips put together."""


@dataclass(frozen=True, kw_only=True)
class LintSettings:
    """``lint``: what is wrong with pixel art."""

    sources: tuple[Path, ...] = needed("", argument=True, metavar="SOURCE...")
    palette: str | None = again(
        PictureSettings, "palette", doc="colours to hold images to: a name or a file"
    )
    pixel: float | None = again(DataSettings, "pixel")
    ignore: tuple[str, ...] = run_setting((), "a rule to leave out (repeatable)", metavar="RULE")
    strict: bool = run_setting(False, "let orphan pixels and jaggies count, too")
    like: Path | None = run_setting(
        None,
        "let faults of habit count only beyond what 99 of 100 sprites of this dataset show",
        metavar="DATASET",
    )
    fix: bool = run_setting(False, "write copies with what is safe to repair repaired")
    out: Path | None = run_setting(
        None, "where repaired copies go", flags=("-o", "--out"), metavar="FOLDER"
    )
    force: bool = again(OutputSettings, "force")
    json: bool = run_setting(False, "print one JSON document")


@dataclass(frozen=True, kw_only=True)
class DoctorSettings:
    """``doctor``: what this machine and installation can do."""

    dataset: Path | None = run_setting(
        None, "dataset to measure with (default: the project's, or built-in characters)"
    )
    recipe: str | None = again(TrainRunSettings, "recipe")
    seconds: float = run_setting(
        5.0, "how long to measure training; 0 leaves it out", low=0, high=3600
    )
    device: Device = again(DeviceSettings, "device")
    json: bool = run_setting(False, "print one JSON document")
