"""Sprites of Aseprite as RGBA: cels in their order over one another, group by group."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pxgen.arrays import Bytes, Rgba
from pxgen.errors import InputError
from pxgen.ingest.aseprite_blend import HSL_MODES, NORMAL, blend, multiply
from pxgen.ingest.decoded import MAX_FILE_PIXELS

INDEXED, GRAY, RGBA = 8, 16, 32
MAX_DRAWN_PIXELS = 2**30
"""Pixels drawn for one file, each as often as something lies over it."""
MAX_DEPTH = 64
"""Of groups within groups."""


@dataclass(frozen=True)
class Layer:
    """A layer or a group of layers."""

    group: int | None
    """The group that it is in."""
    is_group: bool
    visible: bool
    """False in a hidden group, too."""
    opacity: int
    mode: int
    background: bool
    name: str
    tileset: int | None = None
    """Of a tile map: the number of its tiles."""


@dataclass(frozen=True)
class Cel:
    """A layer's picture in one frame."""

    x: int
    y: int
    opacity: int
    order: int
    """Moves it up or down among the layers."""
    pixels: Bytes
    """``(h, w, n)``: ``n`` bytes a pixel."""


@dataclass
class Sprite:
    """What a file draws."""

    height: int
    width: int
    depth: int
    """Bits a pixel."""
    transparent: int
    """The index that is transparent in an indexed sprite."""
    group_blending: bool
    """True if groups are blended as one, by their own opacity and mode."""
    layers: list[Layer] = field(default_factory=list)
    cels: list[dict[int, Cel]] = field(default_factory=list)
    """Of each frame, by layer."""
    palettes: list[Rgba] = field(default_factory=list)
    """``(256, 4)`` of each frame."""

    @property
    def has_background(self) -> bool:
        """True if a background layer is shown: then no colour is transparent."""
        return any(layer.visible and layer.background for layer in self.layers)


def render(sprite: Sprite) -> Rgba:
    """``(T, H, W, 4) uint8``: every frame.

    Raises:
        InputError: its layers are more work than is done for one file.
    """
    frames = np.zeros((len(sprite.cels), sprite.height, sprite.width, 4), np.uint8)
    inside: dict[int | None, list[int]] = {}
    for number, layer in enumerate(sprite.layers):
        inside.setdefault(layer.group, []).append(number)
    painter = _Painter(sprite, inside, MAX_DRAWN_PIXELS)
    for number, canvas in enumerate(frames):
        if sprite.depth == INDEXED and sprite.has_background:
            canvas[:] = sprite.palettes[number][sprite.transparent]
        painter.frame = number
        painter.draw(None, canvas)
    return frames


@dataclass
class _Painter:
    sprite: Sprite
    inside: dict[int | None, list[int]]
    """The layers of each group, and under None those in none."""
    left: int
    """Pixels that may still be drawn."""
    frame: int = 0

    def draw(self, group: int | None, canvas: Rgba, depth: int = 0) -> None:
        """Draw the layers of a group onto a canvas, the lowest first."""
        if depth > MAX_DEPTH:
            raise InputError(f"its groups are nested more than {MAX_DEPTH} deep")
        for number in self._ordered(group):
            layer = self.sprite.layers[number]
            if not layer.visible:
                continue
            if layer.is_group and number in self.inside:
                pixels = canvas.shape[0] * canvas.shape[1]
                self._spend(pixels)
                if pixels * (depth + 1) > MAX_FILE_PIXELS:
                    raise InputError("its groups within groups are too many for its size")
                whole = np.zeros_like(canvas)
                self.draw(number, whole, depth + 1)
                blend(canvas, whole, layer.opacity, layer.mode)
            elif number in self._cels:
                self._draw_cel(layer, self._cels[number], canvas)

    def _spend(self, pixels: int) -> None:
        self.left -= pixels
        if self.left < 0:
            raise InputError("its layers are too many; flatten some in Aseprite")

    @property
    def _cels(self) -> dict[int, Cel]:
        return self.sprite.cels[self.frame]

    def _ordered(self, group: int | None) -> list[int]:
        """Layers in the order in which their cels are drawn: a cel may leave its layer's place."""
        if self.sprite.group_blending:
            places = {number: place for place, number in enumerate(self.inside.get(group, ()))}
        else:
            # Groups only hold layers together: all layers stand in one order.
            places = {number: number for number in self._cels}

        def rank(number: int) -> tuple[bool, int, int]:
            moved = self._cels[number].order if number in self._cels else 0
            return not self.sprite.layers[number].background, places[number] + moved, moved

        return sorted(places, key=rank)

    def _draw_cel(self, layer: Layer, cel: Cel, canvas: Rgba) -> None:
        """Lay a cel over what is below it, inside the canvas."""
        height, width = cel.pixels.shape[:2]
        top, left = max(cel.y, 0), max(cel.x, 0)
        bottom = min(cel.y + height, len(canvas))
        right = min(cel.x + width, canvas.shape[1])
        if top >= bottom or left >= right:
            return
        self._spend((bottom - top) * (right - left))
        shown = cel.pixels[top - cel.y : bottom - cel.y, left - cel.x : right - cel.x]
        opacity = int(multiply(np.array(cel.opacity), layer.opacity))
        gray = self.sprite.depth == GRAY and layer.mode in HSL_MODES
        mode = NORMAL if gray else layer.mode
        blend(canvas[top:bottom, left:right], self._colored(shown), opacity, mode)

    def _colored(self, pixels: Bytes) -> Rgba:
        if self.sprite.depth == RGBA:
            return pixels
        if self.sprite.depth == GRAY:
            return pixels[..., [0, 0, 0, 1]]
        colors = self.sprite.palettes[self.frame].copy()
        colors[self.sprite.transparent] = 0
        return colors[pixels[..., 0]]
