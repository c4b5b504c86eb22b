"""The JSON Schema says of project files what reading them says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli

from pxgen.commands.init import project_schema, project_text
from pxgen.config.recipe import recipe_names
from pxgen.config.schema import file_keys
from pxgen.config.settings import SETTINGS
from pxgen.models.keys import model_schema
from tests.conftest import PROJECT

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [
        *(ROOT / "pxgen/config/recipes").glob("*.toml"),
        *(ROOT / "pxgen/builtin").glob("*.toml"),
        *(ROOT / "docs/studies").glob("*.toml"),
    ]
)
SCHEMA = project_schema()
CHECK = jsonschema.Draft7Validator(SCHEMA)


def faults(text: str) -> list[str]:
    return [error.message for error in CHECK.iter_errors(tomli.loads(text))]


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    for name, settings in SETTINGS.items():
        properties = SCHEMA["properties"][name]["properties"]
        assert list(properties) == file_keys(settings)
        assert all(value["description"] for value in properties.values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_recipe_and_example_is_valid(file: Path) -> None:
    assert faults(file.read_text("utf-8")) == []


@pytest.mark.parametrize("recipe", recipe_names())
def test_what_init_writes_is_valid_with_its_examples(recipe: str) -> None:
    text = project_text(recipe)
    assert text.startswith("#:schema ./pxgen.schema.json\n")
    assert faults(text) == []
    shown = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert faults(shown) == []


def test_projects_of_the_documents_are_valid() -> None:
    (text,) = re.findall(
        r"^```toml\n(.*?)^```", (ROOT / "docs/project.md").read_text("utf-8"), re.M | re.S
    )
    assert faults(text) == faults(PROJECT) == faults("") == []


@pytest.mark.parametrize(
    "text",
    [
        "[datta]\n",
        "[data]\ncout = 3\n",
        '[data]\ncount = "3"\n',
        "[data]\ncount = 0\n",
        '[data]\nanchor = "top"\n',
        '[data]\nbuiltin = "cats"\n',
        "[data]\nsource = 3\n",
        "[train]\nflip = 1\n",
        "[sample]\nlabel = ['alien']\n",
        '[model]\nrecipe = "abacus"\n',
        "[model]\ncategories = 3\n",
        '[model]\nrecipe = "vae"\ncoarse = 3\n',
        '[model]\nfamily = "masked"\ncategories = 3\n',
        '[model]\nsampler = "ddim"\nfamily = "nothing"\n',
    ],
)
def test_what_is_refused_is_invalid(text: str) -> None:
    assert faults(text)


def test_the_keys_of_a_models_own_family_are_valid() -> None:
    valid: dict[str, Any] = {
        '[model]\nrecipe = "gsvae"\ncategories = 3\n': [],
        "[model]\ncoarse = 96\n": [],
        '[model]\nfamily = "vqvae"\ncodes = 64\n': [],
    }
    assert {text: faults(text) for text in valid} == valid


def test_what_is_stored_is_what_the_families_say() -> None:
    """Else `make docs` is due."""
    assert SCHEMA["properties"]["model"] == model_schema()
