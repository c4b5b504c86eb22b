"""The documents and the Makefile agree with the program."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import click

from pxgen.cli.app import pxgen
from pxgen.version import __version__

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
ELSEWHERE = {
    "builtin/test_drawing.py": "builtin: cast colors space builtin.heads: art kinds",
    "builtin/test_certify.py": "builtin: reading",
    "builtin/figures/test_art.py": "builtin: compose builtin.figures: kinds walk",
    "cli/test_app.py": "errors version",
    "commands/test_jobs.py": "commands.context",
    "commands/test_compare.py": "evaluation.comparison_sheet",
    "commands/test_evaluate.py": "evaluation: report_html report_text",
    "commands/test_init.py": "config.settings",
    "cli/test_options.py": "config.requests config.sample_settings",
    "commands/test_inspect.py": "cli.inspect_text render.heatmaps",
    "commands/test_sample.py": "sampling.samples commands.early",
    "commands/test_reconstruct.py": "sampling.reconstructions",
    "commands/test_train.py": "training.curve",
    "config/test_json_schema.py": "models.keys",
    "config/test_recipe.py": "models.registry",
    "engines/test_describe.py": "render.one_file",
    "evaluation/test_labels.py": "evaluation: judge measure",
    "ingest/test_labels.py": "ingest: columns tables",
    "ingest/test_palette_choice.py": "ingest.census",
    "models/autoencoder/test_model.py": "models.autoencoder.bodies",
    "models/autoregressive/test_pixelsnail.py": "models.autoregressive.transformer",
    "models/diffusion/test_masked.py": "models.diffusion.denoiser",
    "models/vqvae/test_model.py": "models.vqvae.prior",
    "models/vqvae/test_codec.py": "models.vqvae: blocks decoder grids",
    "palette/test_local.py": "checkpoint.slim",
    "palette/test_swatch.py": "palette.png_chunks",
    "commands/test_animate.py": "sampling.clips",
    "commands/test_interpolate.py": "sampling.paths",
    "ingest/test_images.py": "ingest: decoded pillow",
    "ingest/test_aseprite.py": "ingest: aseprite_render aseprite_tiles",
    "ingest/test_preparation.py": "ingest: builtin contact_sheets folder survey tally",
    "ingest/test_spool.py": "ingest.indexed",
    "sampling/test_edits.py": "config.sample_checks",
    "sampling/test_sprite_model.py": "sampling.results",
    "training/test_matching.py": "models.axes",
    "test_noise.py": "choices",
    "training/test_session.py": "evaluation.quick_eval training: preview report",
}
"""Tests of modules that have none of their name; a word with a colon stands before those after."""
NAMES_ALONE = ["arrays"]
"""Modules that do nothing."""


def test_every_public_command_is_in_the_readme():
    text = (ROOT / "README.md").read_text("utf-8")
    for name in pxgen.list_commands(click.Context(pxgen)):
        assert f"| `{name}` |" in text


def test_hooks_see_file_names_in_any_case() -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    pattern = re.compile(hook.partition("files: ")[2].strip())
    assert all(pattern.search(name) for name in ("hero.png", "HERO.PNG", "a/Walk.Aseprite"))
    assert not pattern.search("hero.txt")


@cache
def files() -> dict[str, Path]:
    """Every file of the package and of the tests by its dotted name."""
    found = [file for top in ("pxgen", "tests") for file in (ROOT / top).rglob("*.py")]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in found}


def modules() -> list[str]:
    """Every module of the package without ``pxgen.``."""
    names = (name.partition(".") for name in files())
    return [name for top, _, name in names if top == "pxgen" and "__" not in name]


def named(words: str) -> list[str]:
    """The modules of a line of ``ELSEWHERE``."""
    wing, found = "", []
    for word in words.split():
        if word.endswith(":"):
            wing = word[:-1] + "."
        else:
            found.append(word if "." in word else wing + word)
    return found


@cache
def own_tests(module: str) -> list[Path]:
    """The test files that a module's name leads to; a command's are with those of its verb."""
    *wing, name = module.split(".")
    folders = [TESTS.joinpath(*wing)] + [TESTS / "commands"] * (wing == ["cli"])
    return [
        file
        for folder in folders
        for pattern in (f"test_{name}.py", f"test_{name}_*.py")
        for file in folder.glob(pattern)
    ]


@cache
def imported(file: Path) -> set[str]:
    """The files that one imports or names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and str(node.value).startswith("pxgen.models."):
            found.add(node.value)
    return (found | {f"{name}.__init__" for name in found}) & files().keys()


def led_to(file: Path) -> set[str]:
    """The modules that the name of a test file leads to."""
    return {f"pxgen.{module}" for module in modules() if file in own_tests(module)}


def near(file: Path) -> set[str]:
    """What a test file imports, and what these import: its module, packages, ``tests/support``."""
    first = imported(file)
    through = {name for name in first if name.startswith("tests.") or name.endswith("__init__")}
    return first.union(*(imported(files()[name]) for name in through | led_to(file)))


def test_every_module_has_tests_that_its_name_leads_to() -> None:
    lost = {module for module in modules() if not own_tests(module)}
    listed = [module for words in ELSEWHERE.values() for module in named(words)]
    assert sorted(lost) == sorted(listed + NAMES_ALONE)
    for file, words in ELSEWHERE.items():
        assert {f"pxgen.{name}" for name in named(words)} <= near(TESTS / file), file


def test_every_test_file_is_of_a_module_a_command_or_the_whole() -> None:
    for file in TESTS.rglob("test_*.py"):
        wing = file.relative_to(TESTS).parts[0]
        assert led_to(file) or wing in ("bench", "commands", "system"), file


def test_the_citation_and_the_changelog_are_of_this_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\n## {__version__} - " in (ROOT / "CHANGELOG.md").read_text("utf-8")
