"""A page to choose from: sprites in one HTML file that needs no other, no server and no network.

Sprites are stored as palette indices, deflated, and coloured where they are looked at. Data can
become neither markup nor code: it is JSON in which nothing opens a tag, the page writes it as text,
and a policy allows no script and no style but the template's own, and no connection.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, I64, IndexMaps, Rgba

TEMPLATE = Path(__file__).with_name("page.html")
MARK = re.compile(r"\{\{(\w+)\}\}")
KEY_LENGTH = 16


@dataclass(frozen=True)
class Coloring:
    """A way to colour sprites."""

    name: str
    tables: Sequence[Rgba]
    """``(K, 4) uint8`` colours of a sprite's entries."""
    by: str = ""
    """The key of :attr:`Page.by` that says which table a sprite takes; empty if all take one."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of a manifest that colour so."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Files that these options name, and their SHA-256."""


@dataclass(frozen=True)
class Nearest:
    """The real sprite nearest to each of a page's."""

    pixels: IndexMaps
    """``(m, T, H, W) uint8``, each once."""
    which: NDArray[np.integer]
    """``(n,)`` into ``pixels``."""
    distances: I64
    """``(n,)`` pixels in which the two differ."""


@dataclass(frozen=True)
class Page:
    """What is chosen from, and what is known of it."""

    title: str
    pixels: IndexMaps
    """``(n, T, H, W) uint8``, 1 <= n."""
    delays: Sequence[float]
    """``(T,)`` milliseconds that each frame is shown."""
    colorings: Sequence[Coloring]
    lines: Sequence[Mapping[str, Any]]
    """``(n,)`` lines of a manifest by which sprites are drawn again."""
    labels: Sequence[Sequence[str]]
    """``(n,)`` labels of each."""
    command: str
    """The command that draws kept sprites again."""
    by: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """``(n,)`` table of each sprite, of colourings that have several."""
    shown: int = 0
    """The colouring in which sprites are shown at first."""
    nearest: Nearest | None = None
    doubts: F32 | None = None
    """``(n,)`` in [0, 1]."""
    notes: Sequence[str] = ()
    """Sentences on what is known and what is not."""
    figures: str = ""
    """HTML that stands before the sprites."""


def encode_page(page: Page) -> bytes:
    """The page as an HTML file."""
    text, style, script = _template()
    data = _data(page)
    key = hashlib.sha256(data.encode()).hexdigest()[:KEY_LENGTH]
    policy = f"default-src 'none'; img-src data:; style-src '{style}'; script-src '{script}'"
    parts = {
        "policy": policy,
        "title": escape(page.title),
        "figures": page.figures,
        # The key is of everything else: the same sprites find their choice again.
        "data": f'{data[:-1]}, "key": "{key}"}}',
    }
    return MARK.sub(lambda mark: parts[mark[1]], text).encode(errors="replace")


@cache
def _template() -> tuple[str, str, str]:
    """The template, and the digests of its style and script as a policy names them."""
    text = TEMPLATE.read_text("utf-8")
    style = text.partition("<style>")[2].partition("</style>")[0]
    script = text.partition("<script>")[2].partition("</script>")[0]
    return text, _digest(style), _digest(script)


def _digest(text: str) -> str:
    return "sha256-" + _base64(hashlib.sha256(text.encode()).digest())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _data(page: Page) -> str:
    """What the script reads, as JSON that has no markup in it."""
    nearest, vocabulary = page.nearest, sorted({name for names in page.labels for name in names})
    number = {name: k for k, name in enumerate(vocabulary)}
    real = b"" if nearest is None else nearest.pixels.tobytes()
    shared, own = _factored([_in_text(line) for line in page.lines])
    about = {
        "shape": page.pixels.shape,
        "trainingFrames": 0 if nearest is None else nearest.pixels.shape[1],
        "pixels": _base64(zlib.compress(page.pixels.tobytes() + real)),
        "delays": list(page.delays),
        "colorings": [
            {
                "name": coloring.name,
                "by": coloring.by,
                "tables": [_base64(table.tobytes()) for table in coloring.tables],
                "options": dict(coloring.options),
                "inputs": dict(coloring.inputs),
            }
            for coloring in page.colorings
        ],
        "by": {name: list(tables) for name, tables in page.by.items()},
        "shown": page.shown,
        "shared": shared,
        "lines": own,
        "vocabulary": vocabulary,
        "labels": [[number[name] for name in names] for names in page.labels],
        "novelty": None if nearest is None else nearest.distances.tolist(),
        "nearest": None if nearest is None else nearest.which.tolist(),
        "doubts": None if page.doubts is None else [round(float(x), 4) for x in page.doubts],
        "command": page.command,
        "notes": list(page.notes),
    }
    text = json.dumps(about)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _in_text(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line whose seed and number are text: JavaScript would round large ones."""
    return {**line, "seed": str(line["seed"]), "index": str(line["index"])}


def _factored(lines: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What all lines share, and what is each one's own."""
    shared = {
        key: value
        for key, value in lines[0].items()
        if key != "file" and all(line.get(key) == value for line in lines)
    }
    own = [{key: value for key, value in line.items() if key not in shared} for line in lines]
    return shared, own
