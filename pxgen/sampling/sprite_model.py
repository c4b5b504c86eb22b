"""A trained model as an object: what it draws comes as arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, Unpack

import numpy as np

from pxgen.arrays import F64, IndexMaps
from pxgen.canvas import Canvas
from pxgen.checkpoint.store import Loaded
from pxgen.config.keywords import AnimateOptions, Image, SampleOptions
from pxgen.config.options import ImageArray
from pxgen.config.requests import AnimateSettings
from pxgen.config.sample_settings import SampleSettings
from pxgen.config.schema import settings_from
from pxgen.errors import Remark, UsageError, in_keywords, unsaid
from pxgen.palette import Palette
from pxgen.render.outputs import Series
from pxgen.sampling.clips import ClipPlan
from pxgen.sampling.paths import frame_names, keys_of, path_pictures
from pxgen.sampling.reconstructions import Level, reconstructions, result_names
from pxgen.sampling.results import Picture, Sprites
from pxgen.sampling.samples import SamplePlan

Settings = TypeVar("Settings", SampleSettings, AnimateSettings)


@dataclass(frozen=True, eq=False, repr=False)
class Reconstructed(Sprites):
    """Reconstructions of images, beside the images."""

    before: tuple[IndexMaps, ...] = ()
    """``(T, H, W) uint8`` each: the images in the same palettes."""

    @property
    def exact(self) -> F64:
        """``(n,)``: the share of the pixels that came back as they were."""
        same: F64 = (np.stack(self.before) == self.indices).mean((1, 2, 3))
        return same


@dataclass(frozen=True, eq=False, repr=False)
class SpriteModel:
    """A trained model, ready to draw; :func:`pxgen.load` makes one.

    The same arguments give the same arrays, on any number of threads and in any company.

    Args:
        loaded: the checkpoint.
        remark: takes lines such as how many colours of an image the palette lacks.
    """

    loaded: Loaded
    remark: Remark = unsaid

    def __repr__(self) -> str:
        return f"<model {self.loaded.path}>"

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels that may be asked for."""
        return self.loaded.card.label_names

    @property
    def frame_names(self) -> tuple[str, ...]:
        """The name of each frame of its clips, such as ``down/0``; empty where they have none."""
        return self.loaded.card.frame_names

    @property
    def palette(self) -> Palette:
        """The palette that it draws in; a stand-in where every sprite has its own."""
        return self.loaded.card.palette

    @property
    def canvas(self) -> Canvas:
        """Frames, height and width of what it draws."""
        return self.loaded.card.canvas

    @in_keywords()
    def sample(
        self, *labels: str, n: int = 1, seed: int = 0, **options: Unpack[SampleOptions]
    ) -> Sprites:
        """New sprites, the same as ``pxgen sample`` writes.

            >>> import pxgen
            >>> pxgen.load("starter").sample("alien", n=2, steps=8).indices.shape
            (2, 1, 24, 24)

        Args:
            labels: what to show, or ``label=``; ``"hat:0.5"`` asks weakly, ``"hat:-1"`` forbids.
            n: how many.
            seed: the stream of pictures; number i of a seed is always the same.
            options: the other options of ``pxgen sample`` by their names, such as ``steps=8``,
                ``temperature=1.2``, ``init="hero.png"``, ``palette="pico-8"``, ``workers=2``.
                Images may be arrays, see :data:`pxgen.config.keywords.Image`.

        Raises:
            UsageError: an unknown label, option or sampler, or a value out of range.
            InputError: an image is rejected.
        """
        settings = self._settings(SampleSettings, SampleOptions, options, labels, n, seed)
        return _named(self._drawn(settings), settings, frames=self.frame_names)

    @in_keywords()
    def stream(
        self, *labels: str, n: int = 1, seed: int = 0, **options: Unpack[SampleOptions]
    ) -> Iterator[Picture]:
        """The pictures of :meth:`sample` one after another, in bounded memory.

            >>> import pxgen
            >>> for picture in pxgen.load("starter").stream("ape", n=100, steps=8):
            ...     print(picture)
            ...     break
            <picture 0 of 1 x 24 x 24>

        Raises:
            UsageError: an unknown label, option or sampler, or options that exclude each other.
            InputError: an image is rejected.
        """
        settings = self._settings(SampleSettings, SampleOptions, options, labels, n, seed)
        return self._drawn(settings)

    def _drawn(self, settings: SampleSettings) -> Iterator[Picture]:
        plan = SamplePlan.of(self.loaded, settings, self.remark)
        return plan.pictures(settings.numbers, 0 if settings.trace else None)

    @in_keywords()
    def animate(
        self, *labels: str, n: int = 1, seed: int = 0, **options: Unpack[AnimateOptions]
    ) -> Sprites:
        """Clips, the same as ``pxgen animate`` writes.

            >>> import pxgen
            >>> pxgen.load("starter-clips").animate("ghost", steps=8).indices.shape
            (1, 8, 24, 24)

        Args:
            labels: what to show.
            n: how many.
            seed: the stream of clips.
            options: the other options of ``pxgen animate`` by their names, such as
                ``given="walk.gif"``, ``keep=2``, ``frames=16``, ``loop="pingpong"``.

        Raises:
            UsageError: an unknown label or option, or one that the model cannot meet.
            InputError: a clip is rejected.
        """
        settings = self._settings(AnimateSettings, AnimateOptions, options, labels, n, seed)
        plan = ClipPlan.of(self.loaded, settings)
        pictures = plan.pictures(settings.numbers, self.remark)
        return _named(pictures, settings, delay_ms=plan.delays(), frames=plan.frame_names)

    @in_keywords()
    def reconstruct(
        self,
        *images: Image,
        labels: str | Sequence[str] = (),
        seed: int = 0,
        level: Level = "both",
        strict: bool = False,
    ) -> Reconstructed:
        """Images after encoding and decoding, as ``pxgen reconstruct`` makes them.

            >>> import pxgen
            >>> model = pxgen.load("starter")
            >>> [path] = model.sample("robot", steps=8).save("made/", force=True)
            >>> float(model.reconstruct(path).exact[0]) > 0.5
            True

        Args:
            images: paths or arrays, see :data:`pxgen.config.keywords.Image`.
            labels: that the images bear.
            seed: of the noise.
            level: what to decode of codes that have two levels.
            strict: refuse colours that the model's palette lacks.

        Raises:
            UsageError: no image, an unknown label, or a level that the codes do not have.
            InputError: an image is rejected.
        """
        numbered = [(number, self._image(image)) for number, image in enumerate(images)]
        made = list(
            reconstructions(
                self.loaded, numbered, _texts(labels), seed=seed, level=level, strict=strict
            )
        )
        pictures = [Picture(i, each.after, each.palette) for i, each in enumerate(made)]
        names = result_names([image for _, image in numbered])
        return Reconstructed.of(pictures, names, before=tuple(each.before for each in made))

    @in_keywords()
    def interpolate(
        self,
        *keys: Image | int,
        labels: str | Sequence[str] = (),
        from_label: str | Sequence[str] = (),
        to_label: str | Sequence[str] = (),
        frames: int = 16,
        loop: bool = False,
    ) -> Sprites:
        """The way through sprites, a still a frame, as ``pxgen interpolate`` makes it.

            >>> import pxgen
            >>> pxgen.load("starter").interpolate(3, 8, labels=["ghost"], frames=3).indices.shape
            (3, 1, 24, 24)

        Args:
            keys: two at least: paths of images, arrays, or seeds whose first pictures are meant.
            labels: of all of them.
            from_label: labels of the first one only.
            to_label: labels of the last one only.
            frames: how many.
            loop: go on from the last to the first, which is then not shown twice.

        Raises:
            UsageError: an unknown label, too few frames or keys, or a model of clips.
            InputError: an image is rejected.
        """
        sprites = [key if isinstance(key, int) else self._image(key) for key in keys]
        wanted = keys_of(sprites, *map(_texts, (labels, from_label, to_label)))
        pictures = path_pictures(self.loaded, wanted, frames, loop=loop)
        return Sprites.of(pictures, frame_names(frames), columns=frames)

    def _settings(
        self,
        cls: type[Settings],
        known: type,
        options: Mapping[str, Any],
        labels: tuple[str, ...],
        n: int,
        seed: int,
    ) -> Settings:
        """Checked settings; options are those of ``known``, and images may be arrays."""
        given: dict[str, Any] = {
            name: self._image(value) if isinstance(value, np.ndarray) else value
            for name, value in options.items()
        }
        if "given" in given:
            given["given"] = self._frames(options["given"])
        asked = (*labels, *_texts(given.pop("label", None) or ()))
        where = cls.__name__.removesuffix("Settings").lower() + "()"
        own = {"label": asked, "count": n, "seed": seed}
        return settings_from(cls, given, where, only=known.__annotations__, **own)

    def _frames(self, images: object) -> tuple[Path | ImageArray, ...]:
        """Given frames: an image, several, or images by the names of their frames."""
        if isinstance(images, Mapping):
            named: list[Path | ImageArray] = []
            for frames, image in images.items():
                one = self._image(image)
                if isinstance(one, ImageArray):
                    named.append(replace(one, frames=str(frames)))
                else:
                    named.append(Path(f"{frames}={one}"))
            return tuple(named)
        several = images if isinstance(images, list | tuple) else [images]
        return tuple(self._image(image) for image in several)

    def _image(self, image: object) -> Path | ImageArray:
        """A file's path, or an array of any kind as RGBA."""
        if isinstance(image, str | os.PathLike):
            return Path(image)
        if not isinstance(image, np.ndarray):
            raise UsageError(f"{image!r:.40} is no path or array: name each, as in f(*images)")
        rgba = image
        if image.dtype == np.bool_:
            rgba = np.repeat(np.uint8(255) * image[..., None], 4, -1)
        elif image.dtype == np.uint8 and image.ndim in {2, 3} and image.shape[-1] != 4:
            if image.max(initial=0) >= len(self.palette):
                raise UsageError(f"the model's palette has {len(self.palette)} entries, 0 included")
            rgba = self.palette.colors(image)
        rgba = rgba[None] if rgba.ndim == 3 else rgba
        if rgba.dtype != np.uint8 or rgba.ndim != 4 or rgba.shape[-1] != 4 or not rgba.size:
            raise UsageError(
                f"an array {image.shape} of {image.dtype} is no image: give (T, H, W, 4) uint8 "
                "RGBA or (T, H, W) uint8 indices"
            )
        return ImageArray(rgba)


def _texts(labels: str | Sequence[str]) -> Sequence[str]:
    return [labels] if isinstance(labels, str) else labels


def _named(
    pictures: Iterator[Picture], settings: SampleSettings | AnimateSettings, **shown: Any
) -> Sprites:
    """Pictures of a seed with the names that commands give them."""
    drawn = list(pictures)
    numbers = [picture.number for picture in drawn]
    return Sprites.of(drawn, list(Series(settings, numbers).names()), **shown)
