"""Property lists of cocos2d (``.plist``, format 2 of TexturePacker): frames and animations."""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pxgen.engines.atlas import Atlas, Cel


def property_list(atlas: Atlas, image: str, name: str) -> str:
    """Frames by name for ``SpriteFrameCache``, and what ``AnimationCache`` plays of them.

    An endless animation plays once: ``RepeatForever`` is an action around it.
    """
    height, width = atlas.pixels.shape
    animations = {}
    for tag in atlas.animations:
        cels = [atlas.cels[number] for number in tag.order]
        unit = min(cel.duration for cel in cels)
        animations[tag.name] = {
            "delayPerUnit": unit / 1000,
            "loops": tag.repeat or 1,
            "restoreOriginalFrame": False,
            "frames": [
                {"spriteframe": f"{cel.name}.png", "delayUnits": cel.duration / unit}
                for cel in cels
            ],
        }
    document = {
        "frames": {f"{cel.name}.png": _frame(atlas, cel) for cel in atlas.cels},
        "metadata": {
            "format": 2,
            "realTextureFileName": image,
            "textureFileName": image,
            "size": _pair(width, height),
        },
        "animations": animations,
        # By these the cache of animations knows the list, and the sheet's own list is this file.
        "properties": {"format": 2, "spritesheets": [f"{name}.plist"]},
    }
    return plistlib.dumps(document, sort_keys=False).decode("utf-8")


def _frame(atlas: Atlas, cel: Cel) -> dict[str, Any]:
    width, height = atlas.source
    # The middle of what is left, from the middle of the whole, y upwards.
    across = cel.left + cel.width / 2 - width / 2
    up = height / 2 - cel.top - cel.height / 2
    return {
        "frame": "{" + _pair(cel.x, cel.y) + "," + _pair(cel.width, cel.height) + "}",
        "offset": _pair(across, up),
        "rotated": False,
        "sourceColorRect": "{"
        + _pair(cel.left, cel.top)
        + ","
        + _pair(cel.width, cel.height)
        + "}",
        "sourceSize": _pair(width, height),
    }


def _pair(first: float, second: float) -> str:
    return f"{{{first:g},{second:g}}}"
