"""Files that tell an engine where the frames of a sheet are: by suffix, from one description."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pxgen.engines.aseprite_json import aseprite_array, aseprite_json
from pxgen.engines.atlas import Atlas, Style
from pxgen.engines.css import stylesheet
from pxgen.engines.godot import sprite_frames
from pxgen.engines.tiled import tileset
from pxgen.errors import UsageError

DESCRIPTIONS: Mapping[str, Callable[[Atlas, str, str], str]] = {
    ".json": aseprite_json,
    ".tsx": tileset,
    ".tres": sprite_frames,
    ".css": stylesheet,
}
"""Suffix to a function of the sheet, the path of its image from the file, and a name."""


def check_description(file: Path, style: Style) -> None:
    """Refuse what cannot be written, before any picture is made.

    Raises:
        UsageError: a suffix that nobody reads, or a sheet that the format cannot describe.
    """
    suffix = file.suffix.lower()
    if suffix not in DESCRIPTIONS:
        raise UsageError(f"cannot write {file}: sheets are described in {', '.join(DESCRIPTIONS)}")
    if suffix == ".tsx" and style.arrangement == "packed":
        raise UsageError(f"cannot write {file}: a tileset needs --sheet rows or columns")


def description(atlas: Atlas, image: Path, file: Path, *, array: bool = False) -> str:
    """What ``file`` is to say about a sheet at ``image``; paths in it start from its folder.

    The format must be one that :func:`check_description` lets pass.
    """
    suffix = file.suffix.lower()
    describe = aseprite_array if array and suffix == ".json" else DESCRIPTIONS[suffix]
    there = os.path.relpath(image.absolute(), file.absolute().parent)
    return describe(atlas, Path(there).as_posix(), file.stem)
