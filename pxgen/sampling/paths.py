"""The way from one sprite to another through a model's codes, every frame on the palette."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from pxgen.arrays import IndexMaps
from pxgen.checkpoint.runs import told
from pxgen.checkpoint.store import Loaded
from pxgen.config.options import Image
from pxgen.data.labels import parse_labels
from pxgen.devices import in_one_thread
from pxgen.errors import InputError, UsageError
from pxgen.ingest.fit_to_model import Target, fit_image
from pxgen.models.protocol import SamplingParams
from pxgen.palette import Palette
from pxgen.palette.local import within
from pxgen.sampling.engine import Seat
from pxgen.sampling.results import Picture
from pxgen.sampling.samples import asked_labels, picture_palette


class Key(NamedTuple):
    """A sprite to pass through."""

    sprite: Image | int
    """An image, or the seed whose first picture it is."""
    labels: tuple[str, ...] = ()


def parse_key(named: str | int) -> Path | int:
    """A key sprite as people name it.

    Raises:
        UsageError: neither a file nor a number.
    """
    text = str(named)
    if Path(text).is_file():
        return Path(text)
    if text.isdecimal() and int(text) < 2**63:
        return int(text)
    raise UsageError(f"{text} is neither an image nor a seed")


def keys_of(
    sprites: Sequence[Image | int],
    labels: Sequence[str],
    first: Sequence[str],
    last: Sequence[str],
) -> list[Key]:
    """Sprites with the labels of all of them, and those of the first and of the last alone."""
    ends = {0: first, len(sprites) - 1: last}
    return [Key(each, (*labels, *ends.get(i, ()))) for i, each in enumerate(sprites)]


def frame_names(frames: int) -> list[str]:
    """Names of the frames of a way."""
    return [f"frame-{number:04}" for number in range(frames)]


def positions(keys: int, frames: int, *, loop: bool) -> list[tuple[int, float]]:
    """Position of each frame: the key it comes from, and its share of the way to the next.

    Every key has a frame of its own; the others are shared out evenly.
    """
    legs = keys if loop else keys - 1
    moving = frames if loop else frames - 1
    starts = [round(leg * moving / legs) for leg in range(legs + 1)]
    steps = [
        (leg, (frame - start) / (end - start))
        for leg, (start, end) in enumerate(pairwise(starts))
        for frame in range(start, end)
    ]
    return steps if loop else [*steps, (legs - 1, 1.0)]


def path_pictures(
    loaded: Loaded, keys: Sequence[Key], frames: int, *, loop: bool
) -> Iterator[Picture]:
    """The frames of the way through two keys at least, stills each.

    A loop goes on from the last key to the first, which is not shown twice.

    Raises:
        UsageError: an unknown label, too few frames, or a model of clips.
        InputError: an image is rejected.
    """
    if len(keys) < 2:
        raise UsageError("a way needs two sprites at least: where it begins and where it ends")
    if frames < len(keys):
        raise UsageError(f"--frames {frames} cannot show {len(keys)} key sprites")
    if loaded.card.canvas.frames > 1:
        raise UsageError("this model draws clips: interpolate needs a model of stills")
    model = loaded.model
    # The first picture of each seed, as `sample` draws it.
    seat = Seat.of(model, SamplingParams(), 0, loaded.device)
    codes = in_one_thread(lambda: [_code(key, loaded, seat) for key in keys])

    def between(a: Any, b: Any, weight: float) -> IndexMaps:
        # The same noise in every frame: what changes is the code alone.
        return seat.own(model.decode(model.mix(a, b, weight), seat.noise(0)))

    for number, (leg, weight) in enumerate(positions(len(keys), frames, loop=loop)):
        (a, first), (b, second) = codes[leg], codes[(leg + 1) % len(codes)]
        drawn = in_one_thread(partial(between, a, b, weight))
        palette = first if weight < 0.5 else second
        yield Picture(number, within(drawn, palette), palette)


def _code(key: Key, loaded: Loaded, seat: Seat) -> tuple[Any, Palette]:
    """A key's code, and its palette."""
    if isinstance(key.sprite, int):
        labels = asked_labels(key.labels, loaded)
        code = loaded.model.draw(seat.repeated(labels), seat.noise(key.sprite), SamplingParams())
        if loaded.palettes is None:
            return code, loaded.card.palette
        drawn = seat.own(loaded.model.decode(code, seat.noise(0)))
        return code, picture_palette(loaded, drawn, 0, key.sprite, labels)
    labels = parse_labels(key.labels, loaded.card.label_names, told(loaded.path))
    fitted = fit_image(key.sprite, Target.of(loaded))
    if fitted.snapped == fitted.pixels.size:
        raise InputError(f"{key.sprite}: not one pixel is of the model's palette")
    pixels = seat.repeated(fitted.pixels)
    # The stream that `reconstruct` gives a lone image, so that both show the same.
    return loaded.model.encode(pixels, seat.repeated(labels), seat.noise(0)), fitted.palette
