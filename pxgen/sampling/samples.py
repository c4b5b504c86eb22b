"""New sprites from a model: a request is looked through, then pictures come one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee

import numpy as np
import torch

from pxgen.arrays import F32, IndexMaps
from pxgen.checkpoint.runs import told
from pxgen.checkpoint.store import Loaded
from pxgen.choices import choose
from pxgen.config.requests import AnimateSettings
from pxgen.config.sample_settings import GIVEN, SampleSettings
from pxgen.data.dataset import Dataset, dataset_file, open_dataset
from pxgen.data.labels import parse_labels
from pxgen.data.neighbours import SpriteIndex
from pxgen.devices import cores
from pxgen.errors import InputError, Remark, UsageError
from pxgen.models.protocol import SamplingParams
from pxgen.palette import Palette
from pxgen.palette.library import find_palette
from pxgen.palette.local import recoloring, within
from pxgen.sampling.edits import edited_params
from pxgen.sampling.engine import PictureRequest, draw_pictures, trace
from pxgen.sampling.familiar import tell_strange
from pxgen.sampling.model_choice import check_sampling
from pxgen.sampling.novel import novel
from pxgen.sampling.results import Picture

MAX_PAIRS = 3
"""Pairs of labels that one line names."""
PALETTE_STREAMS = 1 << 62
"""Tells the streams of palettes from all others of a seed."""


def asked_labels(labels: Sequence[str], loaded: Loaded) -> F32:
    """``(L,)`` labels as a model takes them.

    Raises:
        UsageError: an unknown label, or labels that cannot steer the model.
    """
    vector = parse_labels(labels, loaded.card.label_names, told(loaded.path))
    if vector.any() and not loaded.model.steerable:
        raise UsageError(f"labels cannot steer {loaded.path}: leave --label out")
    return vector


def tell_unseen(labels: F32, loaded: Loaded, remark: Remark) -> None:
    """Say which of the labels asked for nothing that the model has learnt from shows together."""
    names, pairs = loaded.card.label_names, loaded.model.unseen_pairs(torch.from_numpy(labels))
    if pairs:
        several = ", or ".join(f"{names[a]} and {names[b]}" for a, b in pairs[:MAX_PAIRS])
        remark(
            f"{told(loaded.path)} has learnt from no sprite that shows {several}: what it draws of "
            "both is a guess"
        )


def picture_palette(
    loaded: Loaded, maps: IndexMaps, number: int, seed: int, labels: F32
) -> Palette:
    """The palette of a picture: the model's, or where sprites have their own one of theirs."""
    if loaded.palettes is None:
        return loaded.card.palette
    # The picture's stream is spent on its pixels; its colours have one of their own.
    return loaded.palettes.choose(maps, labels, choose(seed, number ^ PALETTE_STREAMS))


def in_palette(picture: Picture, loaded: Loaded, palette: Palette | None) -> Picture:
    """A picture in another palette, or as it is."""
    number, maps, own = picture
    if palette is None:
        return Picture(number, within(maps, own), own)
    shared = None if loaded.palettes is not None else loaded.card.palette
    return Picture(number, recoloring(shared, palette, int(maps.max()))[maps], palette)


def draw_all(
    loaded: Loaded, requests: Iterable[PictureRequest], settings: SampleSettings | AnimateSettings
) -> Iterator[IndexMaps]:
    """Draw pictures with as many threads, and as many looked at together, as are asked for."""
    return draw_pictures(
        loaded.model,
        requests,
        settings.seed,
        device=loaded.device,
        workers=settings.workers or cores(),
        window=settings.batch,
    )


@dataclass(frozen=True)
class SamplePlan:
    """A request, looked through: nothing is left that can be refused before drawing."""

    loaded: Loaded
    settings: SampleSettings
    labels: F32
    """``(L,)`` in [-1, 1]."""
    samplings: tuple[SamplingParams, ...]
    """Pictures take them in turn."""
    own: Palette | None
    """The palette of the image that is started from, where sprites have their own."""
    palette: Palette | None
    """To draw in instead of the model's."""
    training: Dataset | None
    """The sprites that pictures must differ from."""

    @classmethod
    def of(cls, loaded: Loaded, settings: SampleSettings, remark: Remark) -> SamplePlan:
        """Look a request through.

        Raises:
            UsageError: an unknown label, sampler or palette, or options that exclude each other.
            InputError: an image is rejected.
        """
        named = settings.palette not in {None, GIVEN}
        palette = find_palette(settings.palette) if settings.palette and named else None
        samplings, own = edited_params(settings, SamplingParams.of(settings), loaded, remark)
        check_sampling(samplings[0], loaded.model)
        labels = asked_labels(settings.label, loaded)
        tell_unseen(labels, loaded, remark)
        start, mask = samplings[0].init, samplings[0].mask
        if start is not None and not (settings.canvas or settings.dry_run):
            # What is around a smaller image is empty, what a mask hides may be anything.
            hidden = mask if settings.mask and mask is not None else torch.zeros_like(start)
            pixels, known = start.cpu().numpy(), ~hidden.bool().cpu().numpy()
            # Another label than the image shows may be what is wanted of it.
            tell_strange(str(settings.init), loaded, pixels, known, 0 * labels, remark)
        training = None
        if settings.novel is not None and settings.dataset is not None:
            if not dataset_file(settings.dataset).is_file():
                raise InputError(
                    f"--novel needs the sprites that {told(loaded.path)} was trained on, and "
                    f"there is no dataset at {settings.dataset}: name it with --dataset"
                )
            training = open_dataset(settings.dataset)
        plan = cls(loaded, settings, labels, samplings, own, palette, training)
        if settings.novel is not None:
            plan._check_novel(settings.novel)
        return plan

    def _check_novel(self, distance: int) -> None:
        card, training = self.loaded.card, self.training
        if training is None or training.fingerprint != card.fingerprint:
            named = self.settings.dataset or "no dataset"
            raise InputError(
                f"{named} is not what {told(self.loaded.path)} was trained on: name that with "
                "--dataset"
            )
        if distance > card.canvas.pixels:
            raise UsageError(
                f"--novel {distance}: a sprite has {card.canvas.pixels} pixels to differ in"
            )
        if self.settings.trace or self.samplings[0].canvas is not None:
            raise UsageError("--novel compares whole sprites: leave --trace and --canvas out")

    def pictures(self, numbers: Iterable[int], held: int | None = None) -> Iterator[Picture]:
        """Draw the pictures of these numbers of the seed's stream, in order, in bounded memory.

        With ``held`` each is shown as it forms, ``(S, H, W)``, its end so many times more.
        """
        for picture in self.uncolored(numbers, held):
            yield in_palette(picture, self.loaded, self.palette)

    def uncolored(self, numbers: Iterable[int], held: int | None = None) -> Iterator[Picture]:
        """The same in the palettes they have without ``--palette``."""
        for number, maps in self._drawn(numbers, held):
            palette = self.own or picture_palette(
                self.loaded, maps, number, self.settings.seed, self.labels
            )
            yield Picture(number, maps, palette)

    def strengths(self, numbers: Iterable[int]) -> list[float | None]:
        """The strength of each of these pictures; None where all have one."""
        turns = self.samplings
        return [turns[i % len(turns)].strength if len(turns) > 1 else None for i in numbers]

    def _drawn(self, numbers: Iterable[int], held: int | None) -> Iterator[tuple[int, IndexMaps]]:
        """Index maps as the model draws them, each with its number."""
        turns = self.samplings
        requests = (PictureRequest(i, self.labels, turns[i % len(turns)]) for i in numbers)
        if self.settings.novel is None or self.training is None:
            asked, kept = tee(requests)
            numbers = (request.number for request in kept)
            yield from zip(numbers, self._several(asked, held), strict=True)
            return
        yield from novel(
            list(requests),
            lambda several: self._several(several, held),
            known=SpriteIndex(self.training, self.training.train),
            distance=self.settings.novel,
            stride=self.settings.count,
        )

    def _several(self, requests: Iterable[PictureRequest], held: int | None) -> Iterator[IndexMaps]:
        if held is not None:
            return (_forming(self.loaded, each, self.settings.seed, held) for each in requests)
        return draw_all(self.loaded, requests, self.settings)


def _forming(loaded: Loaded, request: PictureRequest, seed: int, held: int) -> IndexMaps:
    """``(S, H, W)``: one picture as it forms, its end shown ``held`` times more."""
    frames = trace(loaded.model, request, seed, device=loaded.device)
    return np.concatenate([frames, *[frames[-1:]] * held])
