"""What a page to choose from holds."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np


def data_of(page: Path | bytes) -> dict[str, Any]:
    """What the page's script reads."""
    content = page if isinstance(page, bytes) else page.read_bytes()
    pattern = r'<script type="application/json" id="data">(.*?)</script>'
    (text,) = re.findall(pattern, content.decode("utf-8"), flags=re.DOTALL)
    return dict(json.loads(text))


def sprites_of(data: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Index maps ``(n, T, H, W)`` of the sprites, and of the real ones beside them."""
    count, frames, height, width = data["shape"]
    pixels = np.frombuffer(zlib.decompress(base64.b64decode(data["pixels"])), np.uint8)
    drawn, real = np.split(pixels, [count * frames * height * width])
    real = real.reshape(-1, data["trainingFrames"] or 1, height, width)
    return drawn.reshape(count, frames, height, width), real


def colors_of(data: dict[str, Any], coloring: int, sprite: int) -> np.ndarray:
    """``(T, H, W, 4)``: a sprite as the page shows it."""
    found = data["colorings"][coloring]
    by = data["by"].get(found["by"])
    table = base64.b64decode(found["tables"][by[sprite] if by else 0])
    return np.frombuffer(table, np.uint8).reshape(-1, 4)[sprites_of(data)[0][sprite]]


def line_of(data: dict[str, Any], sprite: int, palette: int = 0) -> str:
    """A manifest's line as the page writes it."""
    line = data["shared"] | data["lines"][sprite]
    line |= {"seed": int(line["seed"]), "index": int(line["index"])}
    coloring = data["colorings"][palette]
    for name in ("options", "inputs"):
        line[name] = line[name] | coloring[name]
    return json.dumps(line)
