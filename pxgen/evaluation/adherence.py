"""Palette adherence: the share of palette colours in files, as any viewer reads them."""

from __future__ import annotations

import io
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from pxgen.arrays import Rgba
from pxgen.evaluation.measure import Drawn, Row
from pxgen.palette import Palette
from pxgen.render.png import encode_png


class Adherence:
    """Writes each sprite as a PNG, reads it back as any viewer would, and looks the colours up."""

    name: ClassVar[str] = "palette"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("pixels in palette", ("pixels",), "%"),
        Row("same when read back", ("identical",), "%"),
    )

    def __init__(self, palette: Palette) -> None:
        self._palette = palette

    def reference(self) -> dict[str, Any]:
        """Empty: every prepared sprite adheres."""
        return {}

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """The share of pixels that are palette colours and of sprites that come back the same."""
        known, identical = 0.0, 0
        for clip in drawn.pixels:
            written = clip.reshape(-1, clip.shape[-1])
            read, in_palette = self._palette.lookup(_rgba(encode_png(written, self._palette)))
            known += float(in_palette.mean())
            colors = self._palette.colors(written)
            # A palette may list a colour twice: the colour must come back, not its number.
            identical += bool(in_palette.all() and (self._palette.colors(read) == colors).all())
        count = len(drawn.pixels)
        return {"pixels": known / count, "identical": identical / count}


def _rgba(png: bytes) -> Rgba:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA"))
