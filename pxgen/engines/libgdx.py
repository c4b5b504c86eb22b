"""Texture atlases of libGDX (``.atlas``): a region a frame, numbered within its animation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pxgen.engines.atlas import Atlas


def texture_atlas(atlas: Atlas, image: str, name: str) -> str:
    """Text that ``TextureAtlas`` reads; ``findRegions`` gives an animation's frames in order.

    The format knows no times: frames of one animation are given in the order of playing.
    """
    height, width = atlas.pixels.shape
    page = [image, f"size: {width},{height}", "format: RGBA8888", "filter: Nearest,Nearest"]
    lines = [*page, "repeat: none"]
    whole_width, whole_height = atlas.source
    for tag in atlas.animations:
        for index, number in enumerate(tag.order):
            cel = atlas.cels[number]
            below = whole_height - cel.top - cel.height
            lines += [
                _one_line(tag.name),
                "  rotate: false",
                f"  xy: {cel.x}, {cel.y}",
                f"  size: {cel.width}, {cel.height}",
                f"  orig: {whole_width}, {whole_height}",
                f"  offset: {cel.left}, {below}",
                f"  index: {index if tag.moves else -1}",
            ]
    return "\n" + "\n".join(lines) + "\n"


def _one_line(name: str) -> str:
    """A name on a line of its own, which nothing in it may end or make a property."""
    return " ".join(name.replace(":", "-").split()) or "sprite"
