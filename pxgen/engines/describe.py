"""Files that tell an engine where the frames of a sheet are: by suffix, from one description.

Nothing heavy is imported here: help lists the suffixes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pxgen.engines.aseprite_json import aseprite_array, aseprite_json
from pxgen.engines.css import stylesheet
from pxgen.engines.godot import sprite_frames
from pxgen.engines.libgdx import texture_atlas
from pxgen.engines.plist import property_list
from pxgen.engines.tiled import tileset
from pxgen.errors import UsageError

if TYPE_CHECKING:
    from pxgen.config.options import Arrangement
    from pxgen.engines.atlas import Atlas

Writer = Callable[["Atlas", str, str], str]
"""The atlas, the path of its image from the file, and a name to the file's text."""


class DescriptionKind(NamedTuple):
    """A kind of file that describes a sheet."""

    suffix: str
    readers: str
    """Who reads it, for people."""
    write: Writer
    write_array: Writer | None = None
    """The same with the frames in a list, where the format has both."""
    packed: bool = True
    """True if frames may lie anywhere; else they lie on a grid."""


DESCRIPTIONS = (
    DescriptionKind(".json", "Aseprite, TexturePacker", aseprite_json, aseprite_array),
    DescriptionKind(".tsx", "Tiled", tileset, packed=False),
    DescriptionKind(".tres", "Godot 4", sprite_frames),
    DescriptionKind(".css", "web", stylesheet),
    DescriptionKind(".plist", "cocos2d", property_list),
    DescriptionKind(".atlas", "libGDX", texture_atlas),
)
"""Every kind; a module with its function and a line here make one more."""

DESCRIPTION_BY_SUFFIX = {kind.suffix: kind for kind in DESCRIPTIONS}


def has_array(file: Path) -> bool:
    """True if a file's frames can be named in a list."""
    kind = DESCRIPTION_BY_SUFFIX.get(file.suffix.lower())
    return kind is not None and kind.write_array is not None


def check_description(file: Path, arrangement: Arrangement) -> None:
    """Refuse what cannot be written, before any picture is made.

    Raises:
        UsageError: a suffix that nobody reads, or a sheet that the format cannot describe.
    """
    kind = DESCRIPTION_BY_SUFFIX.get(file.suffix.lower())
    if kind is None:
        raise UsageError(
            f"cannot write {file}: sheets are described in {', '.join(DESCRIPTION_BY_SUFFIX)}"
        )
    if arrangement == "packed" and not kind.packed:
        raise UsageError(f"cannot write {file}: {kind.readers} needs --sheet rows or columns")


def description(atlas: Atlas, image: Path, file: Path, *, array: bool = False) -> str:
    """The text of ``file`` about a sheet at ``image``; paths in it start from its folder.

    The format must be one that :func:`check_description` lets pass.
    """
    kind = DESCRIPTION_BY_SUFFIX[file.suffix.lower()]
    write = kind.write_array if array and kind.write_array else kind.write
    there = os.path.relpath(image.absolute(), file.absolute().parent)
    return write(atlas, Path(there).as_posix(), file.stem)
