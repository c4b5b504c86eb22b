"""What the documents show runs: every block of them, on the day it is copied.

Guides and the README are stories: their blocks run in one folder, in order; a guide starts with an
empty one. Of the pages of :data:`EXAMPLES` every line runs by itself. :mod:`tests.support.blocks`
says how a block is marked that nothing here can run, :mod:`tests.support.rehearsal` what makes
trainings of an hour a matter of seconds, and :mod:`tests.support.desk` which files lie ready.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pxgen.cli.app import CommandLine, pxgen
from pxgen.config.project import parse_toml
from pxgen.config.schema import read_table
from pxgen.config.settings import SETTINGS
from pxgen.evaluation.judge import train_judges
from tests.support.blocks import PAGES, ROOT, Block, blocks, calls, lines, mentions
from tests.support.desk import MAKERS
from tests.support.rehearsal import rehearsing

LANGUAGES = {"sh", "python", "toml", "yaml", "make", "text", "json", "{toctree}"}
"""Those of blocks: what is copied into a shell is ``sh``, what comes out of it ``text``."""
EXAMPLES = {"docs/commands.md", "docs/exports.md", "docs/sources.md", "docs/views.md"}
LEARNS = re.compile(r"pxgen (train|compare|evaluate)|dataset|export hero\.aseprite")
"""Lines that need what :func:`learnt` has."""
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="shells differ")


def runnable(page: str) -> list[Block]:
    """The shell blocks of a page that are run."""
    return [block for block in blocks(page, "sh") if not block.why_not]


@pytest.fixture(scope="module")
def shell() -> Iterator[dict[str, str]]:
    with rehearsing() as environment:
        yield environment


@pytest.fixture(scope="module")
def learnt(shell: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset, a run and an Aseprite file."""
    folder = tmp_path_factory.mktemp("learnt")
    lay(folder, "walks.png")
    cut = "pxgen export walks.png --cell 32x48 --views down,left,right,up -o hero.aseprite"
    run(f"pxgen -q prepare --builtin -n 40\npxgen -q train\n{cut}", folder, shell, "learnt")
    return folder


def run(text: str, folder: Path, environment: dict[str, str], where: str) -> None:
    (folder / ".config/fish/completions").mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", text],
        cwd=folder,
        env=environment | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    told = f"{where}: exit {done.returncode}: {text}\n{done.stderr[-2000:]}"
    # Sprites that are not as they should be are told by the exit code.
    assert done.returncode == 0 or (done.returncode == 1 and text.startswith("pxgen lint")), told


def lay(folder: Path, text: str) -> None:
    """What a text speaks of, if it is known here."""
    for name, make in MAKERS.items():
        if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.])", text):
            make(folder / name)


@needs_linux
@pytest.mark.parametrize(
    ("block", "line"),
    [
        (b, line)
        for page in PAGES
        if page in EXAMPLES
        for b in runnable(page)
        for line in lines(b.text)
    ],
    ids=lambda value: value if isinstance(value, str) else value.page,
)
def test_examples_run(
    block: Block, line: str, shell: dict[str, str], learnt: Path, tmp_path: Path
) -> None:
    lay(tmp_path, line)
    if LEARNS.search(line):
        shutil.copytree(learnt, tmp_path, dirs_exist_ok=True)
    run(line, tmp_path, shell, f"{block.page}:{block.line}")


@needs_linux
@pytest.mark.parametrize("page", [p for p in PAGES if p not in EXAMPLES and runnable(p)])
def test_stories_run(page: str, shell: dict[str, str], tmp_path: Path) -> None:
    told = runnable(page)
    if "guides" not in page:
        lay(tmp_path, "".join(block.text for block in told))
    for block in told:
        run(block.text, tmp_path, shell, f"{page}:{block.line}")


@needs_linux
@pytest.mark.parametrize(
    "text", ["pxgen sample --labell alien", "pxgen sample --label nobody | cat", "false\ntrue"]
)
def test_a_block_that_fails_is_noticed(text: str, shell: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run(text, tmp_path, shell, "nowhere")


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")])
def test_python_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(train_judges.__kwdefaults__, "steps", 2)
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)


def command_of(words: list[str]) -> tuple[str, click.Command, list[str]]:
    """A command by its name, with what stands after it."""
    name, *rest = words[1:] if words[0] in ("-q", "-v") else words
    command = CommandLine.get_command(pxgen, click.Context(pxgen), name)
    assert command is not None, f"pxgen has no command {name}"
    return name, command, rest


@pytest.mark.parametrize("page", PAGES)
def test_commands_parse(page: str, here: Path) -> None:
    """Those of blocks that are not run, too."""
    for words in calls(page, "pxgen"):
        name, command, rest = command_of(words)
        command.make_context(name, rest)


@pytest.mark.parametrize("page", PAGES)
def test_what_the_text_mentions_exists(page: str) -> None:
    for words in mentions(page):
        if words[0].isupper() or words[-1] in ("...", "-v"):
            continue
        _, command, rest = command_of(words)
        inner = getattr(command, "commands", {}).get(rest[0] if rest else "", command)
        options = {
            name for option in inner.params for name in (*option.opts, *option.secondary_opts)
        }
        used = {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert used <= options | {"--help"}, words


@pytest.mark.parametrize("page", [p for p in PAGES if calls(p, "make")])
def test_targets_exist(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target, *assignments in calls(page, "make"):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
        for assignment in assignments:
            assert f"{assignment.partition('=')[0]} ?=" in makefile


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "toml")])
def test_project_files_are_valid(page: str) -> None:
    for block in blocks(page, "toml"):
        table = parse_toml(block.text.encode(), page)
        for name, settings in SETTINGS.items():
            read_table(settings, table.table(name))


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    opened = re.findall(r"^```(.*)\n(?:.*\n)*?```$", text, flags=re.MULTILINE)
    assert set(opened) <= LANGUAGES
    for block in blocks(page, "json"):
        json.loads(block.text)
