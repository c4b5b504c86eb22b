"""``explain``: pictures of the mathematics behind the models."""

from __future__ import annotations

from pathlib import Path

from pxgen.errors import UsageError
from pxgen.explain.convolution import convolution
from pxgen.explain.gumbel import distances, gumbel, simplex, simplex_strip
from pxgen.files import write_bytes
from pxgen.render.figure import figure_palette
from pxgen.render.gif import encode_gif
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge

DELAY_MS = 120.0


def explain(topic: str, out: Path | None, *, scale: int, force: bool) -> tuple[Path, list[str]]:
    """Draw a topic; return the picture's path and what was measured for it, as text.

    Raises:
        UsageError: a kind of file that the topic has no picture for, or a derived name is taken.
    """
    path = out or Path(f"{topic}.png")
    if out is None and path.exists() and not force:
        raise UsageError(f"{path} exists: replace it with --force, or choose another -o")
    moving = path.suffix.lower() == ".gif"
    if path.suffix.lower() not in {".png", ".gif"} or (moving and topic != "simplex"):
        kinds = ".png or .gif" if topic == "simplex" else ".png"
        raise UsageError(f"cannot write {path}: {topic} is a {kinds} file")
    palette = figure_palette()
    if moving:
        return write_bytes(path, encode_gif(enlarge(simplex(), scale), palette, DELAY_MS)), []
    far = distances() if topic == "gumbel" else {}
    found = [f"{name}: total variation {distance:.4f}" for name, distance in far.items()]
    page = {"convolution": convolution, "simplex": simplex_strip, "gumbel": gumbel}[topic]()
    return write_bytes(path, encode_png(enlarge(page, scale), palette)), found
