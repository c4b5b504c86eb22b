"""Piskel's files as RGBA frames: JSON with a PNG sheet, in base64, of each layer.

By what Piskel's own deserializer does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from pxgen.arrays import Rgba
from pxgen.errors import InputError
from pxgen.ingest.apng import is_png, read_apng
from pxgen.ingest.composition import lay_over
from pxgen.ingest.decoded import MAX_FILE_PIXELS, DecodedImage, check_size

VERSION = 2
DEFAULT_FPS = 12
_AGAIN = "; save it again in Piskel"
_PNG = "data:image/png;base64,"


def is_piskel(head: bytes) -> bool:
    """True of the first bytes of Piskel's files."""
    return head.lstrip().startswith(b"{") and (b'"piskel"' in head or b'"modelVersion"' in head)


def read_piskel(content: bytes) -> DecodedImage:
    """The frames that Piskel shows: layers over one another by their opacity, hidden frames out.

    Raises:
        InputError: damaged, of an older version, or too large.
    """
    try:
        document = json.loads(content)
        if document["modelVersion"] != VERSION:
            raise InputError("of an old version of Piskel: open and save it there")
        return _decode(document["piskel"])
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise InputError(f"a damaged Piskel file{_AGAIN}") from error


def _decode(piskel: dict[str, Any]) -> DecodedImage:
    height, width = int(piskel["height"]), int(piskel["width"])
    layers = [json.loads(layer) for layer in piskel["layers"]]
    count = max(int(layer["frameCount"]) for layer in layers)
    if min(height, width, count) < 1:
        raise InputError(f"a Piskel file without pixels{_AGAIN}")
    check_size(count, height, width)
    frames = np.zeros((count, height, width, 4), np.uint8)
    budget = MAX_FILE_PIXELS
    for layer in layers:
        opacity = min(1.0, max(0.0, float(layer.get("opacity", 1))))
        for number, image in _cels(layer, height, width):
            budget -= height * width
            if budget < 0:
                raise InputError(f"its layers are more than {MAX_FILE_PIXELS} pixels")
            cel = image.copy()
            cel[..., 3] = np.rint(image[..., 3] * opacity)
            lay_over(frames[number], cel)
    hidden = {int(number) for number in piskel.get("hiddenFrames") or ()}
    shown = [number for number in range(count) if number not in hidden]
    if not shown:
        raise InputError("a Piskel file whose frames are all hidden: show some of them in Piskel")
    fps = float(piskel.get("fps", DEFAULT_FPS))
    # Piskel stands still at 0.
    durations = (1000 / fps,) * len(shown) if fps > 0 and len(shown) > 1 else ()
    return DecodedImage(frames[shown], durations=durations)


def _cels(layer: dict[str, Any], height: int, width: int) -> Iterator[tuple[int, Rgba]]:
    """The number and the ``(h, w, 4) uint8`` image of each frame of a layer."""
    count = int(layer["frameCount"])
    alone = {"base64PNG": layer.get("base64PNG"), "layout": [[k] for k in range(count)]}
    found: set[int] = set()
    for chunk in layer.get("chunks", [alone]):
        columns = chunk["layout"]
        sheet = _png(str(chunk["base64PNG"]))
        if sheet.shape[:2] != (height * len(columns[0]), width * len(columns)):
            raise InputError(
                f"a Piskel file whose sheets are of other sizes than its frames{_AGAIN}"
            )
        for column, numbers in enumerate(columns):
            for row, number in enumerate(numbers):
                if number < 0:
                    raise IndexError(number)
                top, left = row * height, column * width
                found.add(int(number))
                yield int(number), sheet[top : top + height, left : left + width]
    if len(found) < count:
        raise InputError(
            f"a Piskel file with a layer of {count} frames that has {len(found)}{_AGAIN}"
        )


def _png(text: str) -> Rgba:
    content = base64.b64decode(text.removeprefix(_PNG), validate=True)
    if not is_png(content):
        raise InputError(f"a Piskel file with a layer that is no PNG{_AGAIN}")
    sheet: Rgba = read_apng(content).rgba[0]
    return sheet
