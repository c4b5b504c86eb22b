"""``pxgen lint``."""

from __future__ import annotations

from pathlib import Path

import click

from pxgen.cli.options import PATH
from pxgen.cli.session import Session, pass_session


@click.command("lint", short_help="Find what is wrong with pixel art, and repair it.")
@click.argument("sources", nargs=-1, required=True, type=PATH, metavar="SOURCE...")
@click.option("--palette", metavar="FILE", help="Colours to hold images to: a name or a file.")
@click.option(
    "--ignore", "ignored", multiple=True, metavar="RULE", help="A rule to leave out (repeatable)."
)
@click.option("--strict", is_flag=True, help="Let orphan pixels and jaggies count, too.")
@click.option("--fix", is_flag=True, help="Write copies with what is safe to repair repaired.")
@click.option("-o", "--out", type=PATH, metavar="FOLDER", help="Where repaired copies go.")
@click.option("--force", is_flag=True, help="Replace files of the same names in the folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@pass_session
def command(
    session: Session,
    sources: tuple[Path, ...],
    palette: str | None,
    ignored: tuple[str, ...],
    strict: bool,
    fix: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Find what is wrong with pixel art; with --fix write repaired copies.

    Prints a line for each finding and exits with 1 if any is left, or 3 if a file cannot be read.
    With --fix, faulty files are copied to the folder of -o with what is marked * repaired.

    \b
    Rules:
      off-palette *       colours that --palette lacks; they become its nearest
      semi-transparent *  alpha between 0 and 255; repaired where more than 16 colours have it
      hidden-colours *    colours under full transparency
      enlarged *          every pixel is a square of k×k; made one again
      mixed-sizes         an enlarged drawing with details of single pixels in it
      duplicate-frames *  a frame like the one before; made one that lasts as long as both
      orphan-pixels       of a colour that none of the eight around has; with --strict
      jaggies             outlines with a step two pixels shorter than both beside it; with --strict

    \b
    Examples:
      pxgen lint sprites/ --palette pico-8
      pxgen lint sprites/ --fix -o mended/ --ignore semi-transparent
    """
    import json
    from collections import Counter
    from dataclasses import asdict

    from pxgen.commands.lint import LintRequest, line, lint

    request = LintRequest(
        sources=sources,
        palette=palette,
        ignored=ignored,
        strict=strict,
        fix=fix,
        out=out,
        force=force,
    )
    status, rows, taste = 0, [], Counter[str]()
    for linted in lint(request):
        taste.update(linted.taste)
        if linted.error is not None:
            status = 3
            click.echo(f"pxgen: {linted.error}", err=True)
        elif linted.findings:
            status = max(status, 1)
        if as_json:
            rows.append(
                {
                    "file": linted.file.name,
                    "findings": [asdict(finding) for finding in linted.findings],
                    "written": linted.written and str(linted.written),
                    "error": linted.error,
                }
            )
            continue
        if linted.written is not None:
            click.echo(linted.written)
        for finding in linted.findings:
            click.echo(line(linted.file.name, finding))
    for rule, files in taste.items():
        session.console.print(
            f"files with {rule}: {files}; these may be meant, --strict shows them"
        )
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    return status
