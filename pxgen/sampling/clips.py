"""Sprites that move: clips drawn or gone on with by a model of clips, else closed walks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from pxgen.arrays import F32, IndexMaps
from pxgen.checkpoint.store import Loaded
from pxgen.config.requests import AnimateSettings
from pxgen.config.sample_checks import check_given
from pxgen.config.sample_settings import GIVEN
from pxgen.devices import in_one_thread
from pxgen.errors import Remark, UsageError
from pxgen.frames import there_and_back
from pxgen.ingest.fit_to_model import Target, snapped_remark
from pxgen.ingest.given import ClipFrames, given_text
from pxgen.models.protocol import SamplingParams
from pxgen.palette import Palette
from pxgen.palette.library import find_palette
from pxgen.sampling.edits import completing, locked, locked_to
from pxgen.sampling.engine import PictureRequest, Seat
from pxgen.sampling.familiar import tell_strange
from pxgen.sampling.model_choice import check_sampling
from pxgen.sampling.results import Picture
from pxgen.sampling.roles import entries_by_role
from pxgen.sampling.samples import (
    asked_labels,
    draw_all,
    in_palette,
    picture_palette,
    tell_unseen,
)

WALK_KEYS = 4
"""Sprites that a walk of a model of stills passes through."""
WALK_FRAMES = 24
"""Frames of such a walk unless told otherwise."""
KEY_STRIDE = 1 << 40
"""Between the streams of one walk's sprites; no picture of a seed has so high a number."""


@dataclass(frozen=True)
class ClipPlan:
    """A request for clips, looked through."""

    loaded: Loaded
    settings: AnimateSettings
    labels: F32
    """``(L,)`` in [-1, 1]."""
    palette: Palette | None
    """To draw in instead of the model's."""

    @classmethod
    def of(cls, loaded: Loaded, settings: AnimateSettings) -> ClipPlan:
        """Look a request through.

        Raises:
            UsageError: an unknown label or palette, or labels that cannot steer the model.
        """
        check_given(settings)
        named = settings.palette not in {None, GIVEN}
        palette = find_palette(settings.palette) if settings.palette and named else None
        return cls(loaded, settings, asked_labels(settings.label, loaded), palette)

    def delays(self) -> float | tuple[float, ...]:
        """Milliseconds of each frame, there and back.

        Raises:
            UsageError: there are as many durations as no clip has frames.
        """
        settings, drawn = self.settings, self.loaded.card.canvas.frames
        if settings.durations is None:
            return 1000 / settings.fps
        # A model of stills draws as many as are asked for.
        frames = (settings.frames or WALK_FRAMES) if drawn == 1 else drawn
        if len(settings.durations) != frames:
            raise UsageError(f"--durations names {len(settings.durations)} frames of {frames}")
        return tuple(settings.durations[number] for number in self._order(frames))

    @property
    def frame_names(self) -> tuple[str, ...]:
        """The names of a clip's frames, there and back; empty where they have none."""
        names = self.loaded.card.frame_names
        return tuple(names[number] for number in self._order(len(names)))

    def _order(self, frames: int) -> list[int]:
        """The frames of a clip as they are shown."""
        if self.settings.loop != "pingpong":
            return [*range(frames)]
        return there_and_back(self.loaded.card.frame_names, frames)

    def pictures(self, numbers: Iterable[int], remark: Remark) -> Iterator[Picture]:
        """Draw the clips of these numbers, in order.

        Raises:
            UsageError: an option that the model cannot meet.
            InputError: the clip to go on with is rejected.
        """
        for picture in self.uncolored(numbers, remark):
            yield in_palette(picture, self.loaded, self.palette)

    def uncolored(self, numbers: Iterable[int], remark: Remark) -> Iterator[Picture]:
        """The same in the palettes they have without ``--palette``."""
        tell_unseen(self.labels, self.loaded, remark)
        moving = self.loaded.card.canvas.frames > 1
        drawn = self._clips(numbers, remark) if moving else self._walks(numbers)
        for number, clip, palette in drawn:
            yield Picture(number, clip[self._order(len(clip))], palette)

    def _clips(self, numbers: Iterable[int], remark: Remark) -> Iterator[Picture]:
        """Clips of a model of clips."""
        loaded, settings = self.loaded, self.settings
        if settings.frames not in {None, loaded.card.canvas.frames}:
            raise UsageError(
                f"this model draws clips of {loaded.card.canvas.frames} frames: leave --frames out"
            )
        sampling, own = SamplingParams.of(settings), None
        if settings.lock is not None and settings.lock != GIVEN:
            sampling = locked(settings.lock, sampling, loaded, remark)
        if settings.given:
            sampling, own = self._given(sampling, remark)
        check_sampling(sampling, loaded.model)
        requests = [PictureRequest(number, self.labels, sampling) for number in numbers]
        for request, clip in zip(requests, draw_all(loaded, requests, settings), strict=True):
            number = request.number
            palette = own or picture_palette(loaded, clip, number, settings.seed, self.labels)
            yield Picture(number, clip, palette)

    def _given(
        self, sampling: SamplingParams, remark: Remark
    ) -> tuple[SamplingParams, Palette | None]:
        """Sampling options that draw the rest of the given frames, and their palette."""
        loaded, settings = self.loaded, self.settings
        recolor = settings.palette == GIVEN and loaded.palettes is None
        frames, mask = ClipFrames(Target.of(loaded), loaded.card.frame_names), None
        if settings.mask is not None:
            mask = frames.mask(settings.mask, remark, may_be_empty=True)
        by_role = partial(entries_by_role, loaded, labels=self.labels) if recolor else None
        clip = frames.given(settings.given, settings.keep, recolor=by_role, hidden=mask)
        name = given_text(settings.given)
        if clip.snapped:
            remark(f"{snapped_remark(name, clip.snapped)}; --palette given keeps them")
        known = np.broadcast_to(clip.known[:, None, None], clip.pixels.shape)
        known = known if mask is None else known & ~mask
        if known.all():
            raise UsageError(
                f"--given leaves nothing to draw of {len(known)} frames: keep fewer with --keep, "
                "or mask parts, in white, with --mask"
            )
        tell_strange(name, loaded, clip.pixels, known, self.labels, remark)
        if settings.lock == GIVEN:
            sampling = locked_to(clip.pixels[known], sampling, loaded)
        own = clip.palette if recolor or loaded.palettes is not None else None
        return completing(clip.pixels, known, sampling, loaded), own

    def _walks(self, numbers: Iterable[int]) -> Iterator[Picture]:
        """``(frames, H, W)`` closed walks through a few sprites of a model of stills."""
        settings, model = self.settings, self.loaded.model
        if settings.given:
            raise UsageError("this model draws stills: --given needs a model of clips")
        sampling = SamplingParams.of(settings)
        check_sampling(sampling, model)
        for number in numbers:
            clip = in_one_thread(partial(self._walk, number, sampling))
            palette = picture_palette(self.loaded, clip, number, settings.seed, self.labels)
            yield Picture(number, clip, palette)

    def _walk(self, number: int, sampling: SamplingParams) -> IndexMaps:
        settings, model = self.settings, self.loaded.model
        seat = Seat.of(model, sampling, number, self.loaded.device)
        # All sprites of a walk bear the labels of the first.
        asked = seat.repeated(self.labels)
        keys = [
            model.draw(asked, seat.noise(settings.seed, k * KEY_STRIDE), sampling)
            for k in range(WALK_KEYS)
        ]
        walk = []
        for leg, weight in even_steps(len(keys), settings.frames or WALK_FRAMES):
            code = model.mix(keys[leg], keys[(leg + 1) % len(keys)], weight)
            walk.append(seat.own(model.decode(code, seat.noise(settings.seed)))[0])
        return np.stack(walk)


def even_steps(keys: int, frames: int) -> Iterator[tuple[int, float]]:
    """Positions on a closed way at one speed: the key before, and how far from it."""
    for frame in range(frames):
        position = frame * keys / frames
        yield int(position), math.modf(position)[0]
