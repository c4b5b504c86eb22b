"""Tilesets of Tiled (``.tsx``): a tile a frame, and a clip's first tile plays it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pxgen.engines.wang import wang_sets

if TYPE_CHECKING:
    from pxgen.engines.atlas import Atlas

FORMAT = "1.10"
"""Of the file: what every Tiled from 1.10 on reads."""


def tileset(atlas: Atlas, image: str, name: str) -> str:
    """A tileset of one image, whose frames lie on a grid."""
    from xml.etree import ElementTree as ET

    height, width = atlas.pixels.shape
    tile_width, tile_height = atlas.source
    margin = atlas.settings.extrude
    spacing = atlas.settings.padding + 2 * margin
    pitch = tile_height + spacing
    # As Tiled counts, to whom the margin is of one side: a sheet may be larger than its tiles.
    columns = (width - margin + spacing) // (tile_width + spacing)
    rows = (height - margin + spacing) // pitch
    root = ET.Element(
        "tileset",
        version=FORMAT,
        name=name,
        tilewidth=str(tile_width),
        tileheight=str(tile_height),
        spacing=str(spacing),
        margin=str(margin),
        tilecount=str(columns * rows),
        columns=str(columns),
    )
    ET.SubElement(root, "image", source=image, width=str(width), height=str(height))
    numbers = [
        (cel.y - margin) // pitch * columns + (cel.x - margin) // (tile_width + spacing)
        for cel in atlas.cels
    ]
    # A tile has one animation: of tags that begin together the first is taken.
    by_tile = {numbers[tag.first]: tag for tag in reversed([*atlas.animations])}
    for first, tag in sorted(by_tile.items()):
        tile = ET.SubElement(root, "tile", {"id": str(first), "type": tag.name})
        if tag.moves:
            frames = ET.SubElement(tile, "animation")
            for number in tag.order:
                duration = str(atlas.cels[number].duration)
                ET.SubElement(frames, "frame", tileid=str(numbers[number]), duration=duration)
    sets = wang_sets({number: tag.name for number, tag in sorted(by_tile.items())})
    if sets is not None:
        root.append(sets)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"
