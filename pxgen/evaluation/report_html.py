"""An evaluation as one HTML page that needs no other file: figures, and sprites to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape

from pxgen.evaluation.evaluate import Evaluation
from pxgen.evaluation.report_text import TextTable, remarks, tables
from pxgen.evaluation.verdict import verdict
from pxgen.render.page import encode_page


def html_report(evaluation: Evaluation) -> bytes:
    """What was measured, and the sprites, each beside the training sprite nearest to it."""
    parts = [
        '<section class="figures" aria-label="Figures">',
        _list("verdict", verdict(evaluation)),
        _list("remarks", remarks(evaluation.facts)),
        '<div class="tables">',
        *map(_table, tables(evaluation)),
        "</div></section>",
    ]
    return encode_page(replace(evaluation.page(), figures="\n".join(parts)))


def _list(kind: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="{kind}">{items}</ul>' if items else ""


def _table(figures: TextTable) -> str:
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in figures.headings)
    rows = (
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in figures.rows
    )
    # Scrolled by the keyboard, too, where it is wider than the window.
    return (
        f'<div tabindex="0" role="group" aria-label="{escape(figures.headings[0])}"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>" + "\n".join(rows) + "</tbody></table></div>"
    )
