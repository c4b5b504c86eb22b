"""``pxgen prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pxgen.cli.options import PATH, nearness, setting_option
from pxgen.cli.session import Session, pass_session
from pxgen.config.settings import DataSettings
from pxgen.errors import UsageError

if TYPE_CHECKING:
    from pxgen.ingest.builtin import BuiltinOptions
    from pxgen.ingest.preparation import PrepareOptions

_EVERY = 250


@click.command("prepare", short_help="Turn sprites into a dataset.")
@click.argument("source", nargs=-1, type=PATH, metavar="[SOURCE]...")
@click.option(
    "-o", "--out", type=PATH, metavar="DIR", help="The dataset's folder (default: dataset)."
)
@setting_option(DataSettings, "builtin", "--builtin")
@setting_option(DataSettings, "count", "-n", "--count", metavar="COUNT")
@setting_option(DataSettings, "seed", "--seed", metavar="S")
@setting_option(DataSettings, "size", "--size", metavar="WxH")
@setting_option(DataSettings, "cell", "--cell", metavar="WxH")
@click.option(
    "--margin",
    type=click.IntRange(0),
    default=0,
    metavar="PX",
    help="With --cell: pixels around the sheet.",
)
@click.option(
    "--spacing",
    type=click.IntRange(0),
    default=0,
    metavar="PX",
    help="With --cell: pixels between cells.",
)
@setting_option(DataSettings, "frames", "--frames", metavar="N")
@setting_option(DataSettings, "labels", "--labels", metavar="auto|folders|none|FILE")
@click.option(
    "--label-columns", metavar="A,B", help="Take these columns of the label file, and no others."
)
@click.option("--label-names", metavar="A,B", help="Names of classes 0, 1, ... of label arrays.")
@setting_option(DataSettings, "palette", "--palette", metavar="auto|NAME|FILE")
@setting_option(DataSettings, "colors", "--colors", metavar="N")
@setting_option(DataSettings, "dither", "--dither")
@click.option(
    "--alpha",
    type=click.Choice(["auto", "keep", "threshold"]),
    default="auto",
    show_default=True,
    help="Semi-transparent colours: auto keeps a deliberate few and thresholds soft edges at 128.",
)
@setting_option(DataSettings, "cut_background", "--cut-background")
@setting_option(DataSettings, "most_colors", "--most-colors", metavar="N")
@setting_option(DataSettings, "overflow", "--overflow")
@click.option(
    "--anchor",
    type=click.Choice(["bottom", "center"]),
    default="bottom",
    show_default=True,
    help="Where smaller sprites stand on the canvas.",
)
@click.option("--keep-scale", is_flag=True, help="Do not undo integer enlargement.")
@click.option(
    "--holdout",
    type=click.FloatRange(0, 0.9),
    default=0.1,
    show_default=True,
    metavar="SHARE",
    help="Share held out of training; likenesses stay together.",
)
@setting_option(DataSettings, "together", "--together")
@setting_option(DataSettings, "audit", "--audit")
@setting_option(DataSettings, "skip_bad", "--skip-bad")
@click.option("--force", is_flag=True, help="Replace the dataset in the folder.")
@pass_session
@click.pass_context
def command(ctx: click.Context, session: Session, /, **given: Any) -> None:
    """Turn sprites into a dataset and print its folder.

    A SOURCE is a folder (searched to any depth), an image, a sheet (with --cell), or a .npy or
    .npz array. Labels come from label arrays or the CSV or JSON beside the sprites, else from
    subfolders. Animated images and numbered files (run_f0.png, run_f1.png) become clips.

    \b
    Examples:
      pxgen prepare sprites/
      pxgen prepare sheet.png --cell 16x16 --palette pico-8
      pxgen prepare heroes.npy --labels classes.npy --label-names knight,mage
      pxgen prepare --builtin -n 10000
    """
    _prefer_the_command_line(ctx, given)
    given["out"] = given["out"] or session.project.dataset
    if given["builtin"]:
        from pxgen.ingest.builtin import prepare_builtin

        click.echo(prepare_builtin(_builtin_options(given), session.console.print))
        return
    from pxgen.ingest.preparation import prepare

    options = _options(given)
    with session.console.status("reading") as status:

        def progress(count: int) -> None:
            if count % _EVERY == 0:
                status.update(f"{count} sprites read")

        path = prepare(options, session.console.print, _complain, progress)
    click.echo(path)


def _complain(line: str) -> None:
    """Why files are bad is part of the error: ``-q`` does not silence it."""
    click.echo(line, err=True)


def _prefer_the_command_line(ctx: click.Context, given: dict[str, Any]) -> None:
    """Sprites named here replace the project file's built-in set, and the other way round."""
    if given["source"] and given["builtin"]:
        source, builtin = (nearness(ctx, name) for name in ("source", "builtin"))
        if source > builtin:
            given["builtin"] = False
        elif builtin > source:
            given["source"] = ()
        else:
            raise click.UsageError("name sources or --builtin, not both.")
    if not given["source"] and not given["builtin"]:
        raise click.UsageError("name what to learn from: a folder, images, arrays, or --builtin.")


def _builtin_options(given: dict[str, Any]) -> BuiltinOptions:
    from pxgen.canvas import parse_size
    from pxgen.ingest.builtin import BuiltinOptions

    if given["palette"] != "auto" or given["colors"] or given["cell"]:
        raise UsageError("--builtin has its own palette: leave out --palette, --colors and --cell")
    if given["together"] != "likes":
        raise UsageError("--builtin has no files to keep together: leave --together out")
    return BuiltinOptions(
        out=given["out"],
        count=given["count"],
        seed=given["seed"],
        frames=given["frames"] or 1,
        size=parse_size(given["size"]) if given["size"] else None,
        anchor=given["anchor"],
        holdout=given["holdout"],
        audit=given["audit"],
        force=given["force"],
    )


def _options(given: dict[str, Any]) -> PrepareOptions:
    from pxgen.canvas import parse_size
    from pxgen.ingest.grid import Grid
    from pxgen.ingest.labels import LabelOptions
    from pxgen.ingest.preparation import PrepareOptions
    from pxgen.palette.library import find_palette

    grid = None
    if given["cell"]:
        height, width = parse_size(given["cell"])
        grid = Grid(width, height, given["margin"], given["spacing"])
    labels = given["labels"]
    if labels not in {"auto", "folders", "none"}:
        labels = Path(labels)
    columns = _names(given["label_columns"])
    automatic = given["palette"] in {"auto", "local"}
    if given["palette"] == "local" and given["colors"]:
        raise UsageError("--palette local keeps all colours: leave out --colors")
    return PrepareOptions(
        sources=given["source"],
        out=given["out"],
        size=parse_size(given["size"]) if given["size"] else None,
        grid=grid,
        frames=given["frames"],
        labels=LabelOptions(labels, columns or None, _names(given["label_names"])),
        palette=None if automatic else find_palette(given["palette"]),
        local=given["palette"] == "local",
        colors=given["colors"],
        dither=given["dither"],
        alpha=given["alpha"],
        anchor=given["anchor"],
        background=given["cut_background"],
        most_colors=given["most_colors"],
        overflow=given["overflow"],
        shrink=not given["keep_scale"],
        holdout=given["holdout"],
        together=given["together"],
        audit=given["audit"],
        seed=given["seed"],
        skip_bad=given["skip_bad"],
        force=given["force"],
    )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in (text or "").split(","))))
