"""``pxgen lint``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import complain, say
from pxgen.config.requests import LintSettings

if TYPE_CHECKING:
    from pxgen.commands.lint import Linted


@click.command("lint", short_help="Find what is wrong with pixel art, and repair it.")
@settings_options(LintSettings)
@pass_session
def command(session: Session, /, settings: LintSettings) -> int:
    """Find what is wrong with pixel art; with --fix write repaired copies.

    Prints a line for each finding and exits with 1 if any is left, or 3 if a file cannot be read.
    With --fix, faulty files are copied to the folder of -o with what is marked * repaired.

    \b
    Rules:
      off-palette *       colours that --palette lacks; they become its nearest
      semi-transparent *  alpha between 0 and 255; repaired where more than 16 colours have it
      hidden-colours *    colours under full transparency
      enlarged *          every pixel is a square of k x k; made one again
      fake-pixels *       pixels of no whole side, shifted, drifting or smoothed; made one again
      mixed-sizes         an enlarged drawing with details of single pixels in it
      duplicate-frames *  a frame like the one before; made one that lasts as long as both
      orphan-pixels       of a colour that none of the eight around has; with --strict
      jaggies             outlines with a step two pixels shorter than both beside it; with --strict

    With --json, `where` is frame, x and y of the first pixel, from 0, and `taste` names the last
    two rules where an image breaks them and they do not count.

    With --like, the last two, mixed-sizes and semi-transparent count where an image has more of
    them than the collection's own sprites do.

    \b
    Examples:
      pxgen lint sprites/ --palette pico-8
      pxgen lint new/ --like dataset
      pxgen lint sprites/ --fix -o mended/ --ignore semi-transparent
    """
    import json
    from collections import Counter

    from pxgen.commands.lint import line, lint
    from pxgen.commands.watching import counted

    status, rows, taste = 0, [], Counter[str]()
    for linted in counted(lint(settings), "files checked", session.remark):
        taste.update(linted.taste)
        if linted.error is not None:
            status = 3
            complain(f"pxgen: {linted.error}")
        elif linted.findings:
            status = max(status, 1)
        if linted.lost is not None:
            session.remark(linted.lost)
        if settings.json:
            rows.append(_row(linted))
            continue
        if linted.written is not None:
            say(linted.written)
        for finding in linted.findings:
            say(line(str(linted.file.path), finding))
    for rule, files in taste.items():
        session.remark(f"files with {rule}: {files}; these may be meant, --strict shows them")
    if settings.json:
        say(json.dumps(rows, indent=2, ensure_ascii=False))
    return status


def _row(linted: Linted) -> dict[str, Any]:
    """A file of ``--json``."""
    from dataclasses import asdict

    return {
        "file": str(linted.file.path),
        "findings": [asdict(finding) for finding in linted.findings],
        "taste": list(linted.taste),
        "written": linted.written and str(linted.written),
        "error": linted.error,
    }
