"""Recipes, and projects that change them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pxgen.config.recipe import DEFAULT, read_recipe, resolve
from pxgen.config.schema import Table, Where, read_table, rules
from pxgen.errors import InputError, UsageError
from pxgen.models.registry import FAMILIES, build_model, read_spec, spec_class
from tests.support.tiny import RECIPES, domain


def project(**table: object) -> Table:
    return Table(table, Where("pxgen.toml", path=("model",)))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_complete_and_builds(name: str) -> None:
    table = read_recipe(name)
    spec = type(build_model(table, domain()).spec)  # type: ignore[attr-defined]
    assert set(table) == set(rules(spec))
    assert table["family"] in FAMILIES


def test_the_default_recipe_and_the_default_settings_are_the_same() -> None:
    table = read_recipe(DEFAULT)
    assert read_table(spec_class(str(table["family"])), table) == spec_class(str(table["family"]))()


def test_without_a_word_the_default_recipe_is_meant() -> None:
    assert dict(resolve(project())) == dict(read_recipe(DEFAULT))


def test_a_project_changes_its_recipe_key_by_key() -> None:
    table = resolve(project(recipe="masked", width=128))
    assert table["width"] == 128
    assert table["coarse"] == read_recipe("masked")["coarse"]
    assert "recipe" not in table


def test_a_recipe_by_name_stands_as_it_is() -> None:
    assert dict(resolve(project(width=128), "masked")) == dict(read_recipe("masked"))


def test_unknown_names_say_which_are_known() -> None:
    with pytest.raises(UsageError, match="masked"):
        resolve(project(), "maskd")
    with pytest.raises(InputError, match=r"pxgen\.toml.*masked"):
        resolve(project(recipe="maskd"))
    with pytest.raises(InputError, match=r"pxgen\.toml.*width"):
        build_model(resolve(project(widht=8)), domain())


def test_the_documents_list_every_recipe() -> None:
    text = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text("utf-8")
    text, _, _ = text.partition("\n## ")
    listed = re.findall(r"^\| `([a-z-]+)`", text, flags=re.MULTILINE)
    assert sorted(listed) == RECIPES


def test_dense_autoencoders_get_the_slots_that_their_sprites_need() -> None:
    """A place that shows three colours needs their logits and one for all others."""
    spec = read_table(spec_class("autoencoder"), read_recipe("ae"))
    pixels = torch.zeros(6, 1, 2, 2, dtype=torch.uint8)
    pixels[:, 0, 0, 0] = torch.tensor([0, 1, 2, 2, 1, 0])
    pixels[:, 0, 0, 1] = torch.tensor([5, 5, 5, 5, 5, 1])
    # 3, 2, 1 and 1 colours: 7 of 4 places.
    assert spec.suited(pixels).slots == 3
    assert replace(spec, slots=9).suited(pixels).slots == 9
    assert replace(spec, encoding="index").suited(pixels).slots == 0


@pytest.mark.parametrize("name", ["vae", "masked"])
def test_a_table_that_a_run_keeps_makes_the_same_model_again(name: str) -> None:
    kept = Table({**read_recipe(name), "width": 24}, Where("runs/0001-vae/project.toml"))
    assert dict(resolve(kept)) == dict(kept)
    assert read_spec(resolve(kept)).width == 24
