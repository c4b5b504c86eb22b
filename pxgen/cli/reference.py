"""The reference of all commands as Markdown: ``python -m pxgen.cli.reference > docs/commands.md``.

Made from the commands themselves, so that it says what they do; a test holds the two together.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from pxgen.cli.app import SECTIONS, pxgen

TITLE = """# Commands

Made by `make docs` from the commands themselves; `pxgen COMMAND --help` says the same.
"""

BAR = "\\|"


def reference() -> str:
    """Every command with its options, by the sections of the help."""
    parts = [TITLE, *_options(pxgen)]
    for section, names in SECTIONS.items():
        parts.append(f"\n## {section}\n")
        for name in names:
            command = pxgen.get_command(click.Context(pxgen), name)
            if command is not None:
                parts.extend(_command(command, name))
    return "\n".join(parts) + "\n"


def _command(command: click.Command, path: str) -> Iterator[str]:
    yield f"\n### pxgen {path}\n"
    if isinstance(command, click.Group):
        yield _text(command)
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            if inner is not None:
                yield from _command(inner, f"{path} {name}")
        return
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    usage = " ".join(p.metavar or str(p.name).upper() for p in arguments)
    yield f"`pxgen {path} [OPTIONS] {usage}`".replace(" `", "`") + "\n"
    yield _text(command)
    yield from _options(command)


def _text(command: click.Command) -> str:
    """The help, its examples as code."""
    text = inspect.cleandoc(command.help or "")
    before, mark, examples = text.partition("\b\nExamples:\n")
    if not mark:
        return text.replace("\b\n", "") + "\n"
    lines = [line.strip() for line in examples.strip().splitlines()]
    return before.rstrip() + "\n\n```sh\n" + "\n".join(lines) + "\n```\n"


def _options(command: click.Command) -> Iterator[str]:
    rows = [row for row in map(_row, command.params) if row]
    if rows:
        yield "| option | |\n|---|---|"
        yield from rows


def _row(parameter: click.Parameter) -> str:
    if not isinstance(parameter, click.Option) or parameter.hidden:
        return ""
    flags = ", ".join(f"`{flag}`" for flag in parameter.opts)
    if parameter.secondary_opts:
        flags += " / " + ", ".join(f"`{flag}`" for flag in parameter.secondary_opts)
    kind = "" if parameter.is_flag else parameter.metavar or ""
    if not kind and isinstance(parameter.type, click.Choice):
        kind = "|".join(map(str, parameter.type.choices))
    if kind:
        flags += f" `{kind}`"
    said = parameter.help or ""
    if parameter.show_default and not parameter.is_flag and parameter.default is not None:
        said += f" [default: {parameter.default}]"
    # A bar inside a cell would end it.
    return f"| {flags.replace('|', BAR)} | {said.replace('|', BAR)} |"


if __name__ == "__main__":
    click.echo(reference(), nl=False)
