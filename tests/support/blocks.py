"""The fenced blocks of the documents.

A block that a test cannot run says why in a comment on the line above it, which readers do not see:
``<!-- not run: Slurm's -->``. Its calls of ``pxgen`` must parse nevertheless.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(file.relative_to(ROOT).as_posix())
    for pattern in ("README.md", "CONTRIBUTING.md", "docs/**/*.md")
    for file in ROOT.glob(pattern)
)
"""Every document with blocks that somebody may copy."""
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<why>[^\n]+) -->\n)?```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
INLINE = re.compile(r"`(pxgen [^`]+)`")


class Block(NamedTuple):
    """One fenced block."""

    page: str
    line: int
    """Of its text."""
    language: str
    text: str
    why_not: str
    """Why no test runs it; empty if one does."""


def blocks(page: str, *languages: str) -> list[Block]:
    """The blocks of a page in these languages, in their order."""
    text = (ROOT / page).read_text("utf-8")
    found = [
        Block(
            page,
            text.count("\n", 0, match.start("text")) + 1,
            match["language"],
            match["text"],
            match["why"] or "",
        )
        for match in FENCE.finditer(text)
    ]
    return [block for block in found if block.language in languages]


def lines(text: str) -> list[str]:
    """The commands of a shell block; one that goes on in the next line is one."""
    return [line for line in re.split(r"(?<![\\|])\n(?!done|  )", text) if line.strip()]


def calls(page: str, program: str) -> list[list[str]]:
    """The arguments of every call of a program in shell blocks; a variable is 1."""
    found = []
    for line in (line for block in blocks(page, "sh") for line in lines(block.text)):
        whole = re.sub(r"\$\w+", "1", line.replace("\\\n", " "))
        for part in re.split(r"(?:^|[|;&]\s|do )\s*", whole):
            if part.startswith(program + " "):
                words = shlex.split(part, comments=True)[1:]
                ends = [k for k, word in enumerate(words) if word.startswith((">", "<", "|"))]
                found.append(words[: ends[0]] if ends else words)
    return found


def mentions(page: str) -> list[list[str]]:
    """The words after ``pxgen`` in lines of text, which may leave out or stand for anything."""
    text = FENCE.sub("", (ROOT / page).read_text("utf-8"))
    return [each.split()[1:] for each in INLINE.findall(text)]
