"""The list of all messages in ``docs/errors.md``, from the code: ``python docs/list_errors.py``.

Above the mark of that page stands advice by hand, below it what this finds: every call of a class
of :mod:`pxgen.errors`, or of click's for wrong usage. What a message fills in is shown as ``…``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "errors.md"
MARK = "<!-- Below: made by `make docs`. -->\n"
FILLED_IN = "…"
CODES = {"PxgenError": 1, "BusyError": 1, "UsageError": 2, "BadParameter": 2, "InputError": 3}
"""The classes, and the exit codes that they end a command with."""
AREAS = {
    "Commands and their options": ("cli", "commands", "api", "devices"),
    "Project files and recipes": ("config", "models.registry"),
    "Pictures, sheets, tables and archives that are read": ("ingest", "arrays", "frames"),
    "Palettes": ("palette",),
    "Datasets": ("data",),
    "Models and runs": ("checkpoint", "models"),
    "Training": ("training",),
    "Drawing and editing": ("sampling", "canvas"),
    "Judging": ("evaluation", "builtin", "lint", "explain"),
    "Files that are written": ("render", "engines", "files", "names"),
}
"""Headings by the parts of the package; of two that fit the more exact one counts."""
REASONS = ("misfit", "_misfit")
"""Functions whose texts a message of another module fills in."""


class Message(NamedTuple):
    """A kind of message."""

    text: str
    code: int


def area_of(module: str) -> str:
    """The heading of a module, named without ``pxgen.``.

    Raises:
        KeyError: none fits; a new part of the package needs one.
    """
    parts = {part: area for area, names in AREAS.items() for part in names}
    fitting = [part for part in parts if f"{module}.".startswith(f"{part}.")]
    if not fitting:
        raise KeyError(f"no area of docs/list_errors.py is that of {module}")
    return parts[max(fitting, key=len)]


def messages(source: str) -> Iterator[Message]:
    """The kinds of messages in a module's source; those that are all filled in are left out."""
    tree = ast.parse(source)
    known = dict(_constants(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and (code := CODES.get(_name(node.func))):
            for text in _texts(node.args[0], tree, known):
                yield Message(text, code)
        elif isinstance(node, ast.FunctionDef) and node.name in REASONS:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value:
                    for text in _texts(inner.value, tree, known):
                        yield Message(f"{FILLED_IN}: {text}", CODES["InputError"])


def _texts(node: ast.expr, tree: ast.Module, known: Mapping[str, str]) -> Iterator[str]:
    """The text of a message; where all of it is filled in, those of the variables that fill it."""
    text = " ".join(_text(node, known).split())
    if any(letter.isalpha() for letter in text):
        yield text
        return
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign) and {_name(target) for target in each.targets} & names:
            filled = _text(each.value, known)
            if isinstance(each.value, ast.JoinedStr | ast.Constant) and filled.strip(FILLED_IN):
                yield f"{FILLED_IN}: {filled}" if isinstance(node, ast.JoinedStr) else filled


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, str(node.value.value)


def _name(function: ast.expr) -> str:
    """The last part of a name."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _text(node: ast.expr, known: Mapping[str, str]) -> str:
    """The fixed parts of a text."""
    if isinstance(node, ast.Constant):
        return FILLED_IN if node.value is None else str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, known) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, known) if isinstance(node.value, ast.Name) else FILLED_IN
    if isinstance(node, ast.BinOp):
        return _text(node.left, known) + _text(node.right, known)
    return known.get(node.id, FILLED_IN) if isinstance(node, ast.Name) else FILLED_IN


def found() -> dict[str, list[Message]]:
    """The messages of the whole package by area, as one looks them up."""
    areas: dict[str, set[Message]] = {area: set() for area in AREAS}
    for file in sorted((ROOT / "pxgen").rglob("*.py")):
        told = set(messages(file.read_text("utf-8")))
        if told:
            module = ".".join(file.relative_to(ROOT / "pxgen").with_suffix("").parts)
            areas[area_of(module)] |= told
    return {area: sorted(told, key=_key) for area, told in areas.items()}


def _key(message: Message) -> tuple[str, Message]:
    """By the first letters that are fixed."""
    return message.text.lower().lstrip(FILLED_IN + " :,'-[("), message


def listed() -> str:
    """The part of the page below its mark."""
    parts = []
    for area, told in found().items():
        rows = [f"| {_code(message.text)} | {message.code} |" for message in told]
        parts.append("\n".join([f"### {area}\n", "| message | exit |\n|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _code(text: str) -> str:
    """A text as code in a cell of a table."""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text.replace('|', chr(92) + '|')}{space}{fence}"


def main() -> None:
    """Write the page anew below its mark."""
    by_hand, mark, _ = PAGE.read_text("utf-8").partition(MARK)
    if not mark:
        raise SystemExit(f"{PAGE} has lost its mark: {MARK}")
    PAGE.write_text(by_hand + MARK + "\n" + listed(), "utf-8")


if __name__ == "__main__":
    main()
