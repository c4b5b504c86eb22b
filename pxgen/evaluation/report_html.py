"""An evaluation as one HTML page that needs no other file."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape

from pxgen.arrays import IndexMaps
from pxgen.evaluation.evaluate import Evaluation, Pair
from pxgen.evaluation.report_text import TextTable, remarks, tables
from pxgen.evaluation.verdict import verdict
from pxgen.palette import Palette
from pxgen.render.gif import encode_gif
from pxgen.render.png import encode_png

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em;
  color: #222; background: #fafafa; }
table { border-collapse: collapse; margin: 1.5em 0; font-variant-numeric: tabular-nums; }
td, th { padding: .2em .8em; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, th:first-child { text-align: left; }
figure { display: inline-block; margin: .4em; padding: .4em; background: #8a8f9c; color: #fff; }
figure img { width: 72px; image-rendering: pixelated; }
figcaption { font-size: 12px; }
"""


def html_report(evaluation: Evaluation) -> bytes:
    """Figures, and sprites beside the training sprites nearest to them."""
    name = escape(str(evaluation.facts["model"]["table"].get("family", "model")))
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>pxgen: {name}</title>',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{name}</h1>",
        *(f"<p>{escape(line)}</p>" for line in remarks(evaluation.facts)),
        *map(_table, tables(evaluation)),
        *(f"<p>{escape(line)}</p>" for line in verdict(evaluation)),
        *_gallery(evaluation),
        "</body></html>",
    ]
    return "\n".join(parts).encode()


def _table(figures: TextTable) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in figures.headings)
    rows = (
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in figures.rows
    )
    return f"<table><tr>{head}</tr>\n" + "\n".join(rows) + "</table>"


def _gallery(evaluation: Evaluation) -> Iterator[str]:
    beside = any(pair.nearest is not None for pair in evaluation.pairs)
    title = "Drawn sprites" + (", each beside the nearest training sprite" if beside else "")
    yield f"<h2>{title}</h2>"
    for pair in evaluation.pairs:
        yield _figure(pair, evaluation.palette)


def _figure(pair: Pair, palette: Palette) -> str:
    images, caption = _image(pair.drawn, palette), escape(pair.label or "any")
    if pair.nearest is not None:
        images += " " + _image(pair.nearest, palette)
        caption += ": a copy" if pair.distance == 0 else f": {pair.distance} pixels apart"
    return f"<figure>{images}<figcaption>{caption}</figcaption></figure>"


def _image(pixels: IndexMaps, palette: Palette) -> str:
    """A ``(T, H, W)`` sprite as an image inside the page."""
    kind = "gif" if len(pixels) > 1 else "png"
    content = encode_gif(pixels, palette, 100) if kind == "gif" else encode_png(pixels[0], palette)
    return f'<img alt="" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'
