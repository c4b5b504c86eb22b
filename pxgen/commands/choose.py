"""``-o x.html`` of ``sample`` and ``animate``: a page to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pxgen.arrays import F32, IndexMaps
from pxgen.checkpoint.store import Loaded
from pxgen.config.project import Project
from pxgen.config.requests import AnimateSettings
from pxgen.config.sample_settings import SampleSettings
from pxgen.data.dataset import Dataset, dataset_file, dataset_fingerprint, open_dataset
from pxgen.errors import InputError, Remark
from pxgen.evaluation.choosing import Known, choice_page, nearest_real
from pxgen.evaluation.legality import builtin_cast
from pxgen.evaluation.opinion import Opinion, certified, opinion_by
from pxgen.files import write_bytes
from pxgen.render.outputs import CLIP, STILL, Series
from pxgen.render.page import encode_page
from pxgen.sampling.manifest import manifest_line, record
from pxgen.sampling.results import Picture

UNLIKE = "these are no whole sprites as the model has learnt them"
NOT_HERE = "the sprites that the model was trained on are not in this project"
UNLABELLED = "the sprites that the model was trained on bear no labels"


def training_dataset(project: Project, fingerprint: str, remark: Remark) -> Dataset | None:
    """The dataset that a model was trained on: the project's, or one in a folder beside it."""
    own = project.dataset
    if dataset_file(own).is_file() and dataset_fingerprint(own) == fingerprint:
        return open_dataset(own)
    for folder in sorted(project.root.iterdir()):
        if _holds(folder, fingerprint):
            remark(f"judged by {folder}, the dataset that it was trained on")
            return open_dataset(folder)
    return None


def training_sprites(
    named: Path | None, project: Project, loaded: Loaded, remark: Remark
) -> Dataset | None:
    """The dataset that is named, or :func:`training_dataset`.

    Raises:
        InputError: the model was not trained on the one that is named.
    """
    if named is None:
        return training_dataset(project, loaded.card.fingerprint, remark)
    dataset = open_dataset(named)
    if dataset.fingerprint != loaded.card.fingerprint:
        raise InputError(
            f"{named} is not what {loaded.path} was trained on: name that with --dataset"
        )
    return dataset


def _holds(folder: Path, fingerprint: str) -> bool:
    """Whether a folder can be entered and has a dataset of this fingerprint."""
    try:
        return folder.is_dir() and dataset_fingerprint(folder) == fingerprint
    except (OSError, InputError):
        return False


@dataclass(frozen=True)
class PagePlan:
    """A page of one run's pictures."""

    loaded: Loaded
    settings: SampleSettings | AnimateSettings
    labels: F32
    """``(L,)`` that every picture was asked for."""
    delays: float | Sequence[float]
    """Milliseconds of each frame; one value stands for all."""
    training: Dataset | None
    strengths: Sequence[float | None]
    """Of each picture; None where all have one."""

    def write(self, target: Path, drawn: Iterable[Picture], *, whole: bool, remark: Remark) -> Path:
        """Draw everything, look at it and write the page.

        The pictures are in their own palettes. ``whole`` are those that begin with a sprite as the
        model has learnt them, which can be compared and judged.
        """
        pictures = list(drawn)
        maps = np.stack([picture.indices for picture in pictures])
        asked = np.repeat(self.labels[None], len(maps), 0)
        sprites = maps[:, : self.loaded.card.canvas.frames]
        opinion = self._opinion(sprites, asked, remark) if whole else None
        nearest, unknown = None, NOT_HERE if whole else UNLIKE
        if whole and self.training is not None:
            nearest, unknown = nearest_real(self.training, sprites), UNLABELLED
        page = choice_page(
            self.loaded,
            pictures,
            self._lines([picture.number for picture in pictures], moving=maps.shape[1] > 1),
            asked,
            Known(opinion, nearest, unknown),
            self.delays,
            self.settings.model,
            self.settings.palette,
        )
        return write_bytes(target, encode_page(page))

    def _opinion(self, sprites: IndexMaps, asked: F32, remark: Remark) -> Opinion | None:
        cast = builtin_cast(self.loaded.card)
        if cast is not None:
            return certified(sprites, asked, cast)
        if self.training is None:
            return None
        remark("learning to judge")
        return opinion_by(self.training.complete(), sprites, asked)

    def _lines(self, numbers: Sequence[int], *, moving: bool) -> list[dict[str, Any]]:
        # The page says by itself in which palette it shows them.
        recorded = record(replace(self.settings, palette=None), self.loaded)
        series, suffix = Series(self.settings, numbers), CLIP if moving else STILL
        return [
            manifest_line(series.name(number) + suffix, number, strength, recorded)
            for number, strength in zip(numbers, self.strengths, strict=True)
        ]
