"""Results of drawing: pictures one after another, and sprites as one array to save."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from pxgen.arrays import IndexMaps, Rgba
from pxgen.config.requests import AnimateSettings
from pxgen.config.schema import settings_from
from pxgen.errors import UsageError, in_keywords
from pxgen.palette import Palette
from pxgen.render.outputs import Named, plan_output


class Picture(NamedTuple):
    """One sprite as it was drawn."""

    number: int
    """In its seed's stream, or among the frames or images of a command."""
    indices: IndexMaps
    """``(T, H, W) uint8``; a still has T = 1."""
    palette: Palette

    def __repr__(self) -> str:
        return "<picture {} of {} x {} x {}>".format(self.number, *self.indices.shape)


@dataclass(frozen=True, eq=False, repr=False)
class Sprites:
    """Index maps, and the palette or palettes that show them."""

    indices: IndexMaps
    """``(n, T, H, W) uint8`` palette indices; a still has T = 1."""
    palettes: tuple[Palette, ...]
    """Of each sprite."""
    names: tuple[str, ...]
    """File names in a folder, without a suffix."""
    delay_ms: float | tuple[float, ...] = 100.0
    """Milliseconds that a frame is shown, or each frame of a clip."""
    columns: int | None = None
    """Sprites in a row of a sheet; None for about as many as rows."""
    frames: tuple[str, ...] = ()
    """Names of the frames of each, where they have names."""

    @classmethod
    def of(cls, pictures: Iterable[Picture], names: Sequence[str], **shown: Any) -> Self:
        """Pictures of one size, put together; ``shown`` are the other fields.

        Raises:
            UsageError: there is none.
        """
        drawn = list(pictures)
        if not drawn:
            raise UsageError("no sprite to put together")
        return cls(
            np.stack([picture.indices for picture in drawn]),
            tuple(picture.palette for picture in drawn),
            tuple(names),
            **shown,
        )

    def __repr__(self) -> str:
        count, frames, height, width = self.indices.shape
        return f"<{count} sprites of {frames} x {height} x {width}>"

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def palette(self) -> Palette:
        """The palette of all.

        Raises:
            UsageError: each sprite has its own: take ``palettes``.
        """
        if any(each != self.palettes[0] for each in self.palettes):
            raise UsageError("these sprites have palettes of their own: take .palettes or .rgba")
        return self.palettes[0]

    @property
    def rgba(self) -> Rgba:
        """``(n, T, H, W, 4) uint8`` colours; transparent is all 0."""
        pairs = zip(self.palettes, self.indices, strict=True)
        return np.stack([palette.colors(maps) for palette, maps in pairs])

    @in_keywords(o="path")
    def save(
        self,
        path: str | os.PathLike[str],
        *,
        scale: int = 1,
        fps: float | None = None,
        force: bool = False,
    ) -> list[Path]:
        """Write as ``pxgen sample -o PATH`` does and return the files.

            >>> import pxgen
            >>> [path] = pxgen.load("starter").sample("ape", n=4, steps=8).save("apes.png", scale=4)
            >>> path.stat().st_size > 0
            True

        Args:
            path: a folder, a ``.png`` sheet, or a file of frames such as ``.gif``.
            scale: enlarge each pixel to a square of this side.
            fps: frames a second; by default as they were drawn.
            force: replace files of the same names in a folder.

        Raises:
            UsageError: a suffix that is not written, a name in the folder that is taken, or a value
                out of range.
            PxgenError: a file cannot be written.
        """
        settings_from(
            AnimateSettings, {"scale": scale, "fps": 10.0 if fps is None else fps}, "save()"
        )
        if os.fspath(path) == "-":
            raise UsageError("save() writes files: name one, or a folder")
        named = Named(self.names)
        output = plan_output(
            os.fspath(path),
            named,
            scale=scale,
            force=force,
            delay_ms=self.delay_ms if fps is None else 1000 / fps,
            columns=self.columns,
        )
        output = replace(output, frames=self.frames)
        shown = zip(named.names(), self.indices, self.palettes, strict=True)
        return list(output.write(shown))
