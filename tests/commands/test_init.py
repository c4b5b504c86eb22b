"""``init`` writes a file that says exactly what holds without it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import pxgen as package
from pxgen.cli.app import pxgen
from pxgen.commands.init import project_text, write_project
from pxgen.config.project import load_project, parse_toml, read_toml
from pxgen.config.schema import file_keys, read_table, rules
from pxgen.config.settings import SETTINGS
from pxgen.errors import UsageError

RECIPES = sorted((Path(package.__file__).parent / "config" / "recipes").glob("*.toml"))


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def recipe(request):
    return request.param


def test_the_file_equals_the_defaults(recipe, tmp_path):
    project = load_project(write_project(tmp_path / "new", recipe.stem))
    for name, settings in SETTINGS.items():
        assert getattr(project, name) == settings()
    assert dict(project.model) == dict(read_toml(recipe).table("model"))


def test_every_setting_stands_there_with_its_purpose(recipe):
    text = project_text(recipe.stem)
    for settings in SETTINGS.values():
        for name in file_keys(settings):
            rule = rules(settings)[name]
            assert re.search(rf"^(# )?{name} = .*  # {re.escape(rule.doc)}$", text, re.MULTILINE)


def test_examples_of_unset_settings_are_valid(recipe):
    text = re.sub(r"^# (\w+ = )", r"\1", project_text(recipe.stem), flags=re.MULTILINE)
    table = parse_toml(text.encode(), "pxgen.toml")
    for name, settings in SETTINGS.items():
        found = read_table(settings, table.table(name))
        assert None not in {getattr(found, key) for key in file_keys(settings)}


def test_an_existing_file_is_replaced_only_by_force(recipe, tmp_path):
    (tmp_path / "pxgen.toml").write_text("# mine\n")
    with pytest.raises(UsageError, match="--force"):
        write_project(tmp_path, recipe.stem)
    assert (tmp_path / "pxgen.toml").read_text() == "# mine\n"
    write_project(tmp_path, recipe.stem, force=True)
    assert load_project(tmp_path).model


@pytest.mark.parametrize("name", ["abacus", "../recipes/masked", "", "__init__"])
def test_unknown_recipes_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match="no recipe is called"):
        write_project(tmp_path, name)
    assert not list(tmp_path.iterdir())


def test_the_command_works_over_a_broken_file(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pxgen.toml").write_text("[broken\n")
    result = CliRunner().invoke(pxgen, ["init", "--recipe", recipe.stem, "--force"])
    assert (result.exit_code, result.stdout) == (0, "pxgen.toml\n")
