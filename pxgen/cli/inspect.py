"""``pxgen inspect``."""

from __future__ import annotations

from pathlib import Path

import click

from pxgen.cli.options import PATH
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import printable, say


@click.command("inspect", short_help="Show what a dataset, checkpoint or image holds.")
@click.argument("path", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "-o",
    "--out",
    type=PATH,
    metavar="FILE",
    help="Write a contact sheet (.png), or a model's card (.md); its path is printed.",
)
@click.option(
    "--audit", "audited", is_flag=True, help="Find out which labels the pixels of a dataset show."
)
@click.option(
    "--labels",
    "studied",
    is_flag=True,
    help="Tell of each label its company, place and colours; -o then writes heat maps.",
)
@pass_session
def command(
    session: Session, path: Path, as_json: bool, out: Path | None, audited: bool, studied: bool
) -> None:
    """Show what a dataset, checkpoint or image holds, and what in it looks like a mistake.

    An audit sorts the bearers of every label into those that show it, those where another label
    hides it, and those where it is absent, which looks like a mistake.

    Heat maps show where the sprites of a label are coloured differently from all others.

    \b
    Examples:
      pxgen inspect dataset -o sheet.png
      pxgen inspect dataset --labels -o labels.png
      pxgen inspect dataset --audit
      pxgen inspect starter -o card.md
    """
    import json

    from pxgen.cli.inspect_text import lines
    from pxgen.commands.inspect import inspect
    from pxgen.commands.watching import lines as half_minutes
    from pxgen.files import refuse_sources, write_bytes, write_text

    suffix = "" if out is None else out.suffix.lower()
    if out is not None and suffix not in {".png", ".md"}:
        raise click.BadParameter(f"cannot write {out}: name a .png or .md file.")
    if out is not None:
        refuse_sources([out], [path])
    findings = inspect(
        path, audited=audited, studied=studied, progress=half_minutes(session.remark)
    )
    if out is not None and suffix == ".png":
        write_bytes(out, findings.picture)
    elif out is not None:
        if findings.card is None:
            raise click.BadParameter(
                f"{path} is no model, and only models have a card: name a .png."
            )
        write_text(out, findings.card)
    if as_json:
        say(json.dumps(findings.facts, indent=2, ensure_ascii=False))
        return
    # A card tells it all in better words.
    for line in lines(findings.facts) if suffix != ".md" else ():
        say(printable(line))
    if out is not None:
        say(out)
