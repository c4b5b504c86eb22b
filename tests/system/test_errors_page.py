"""The page of errors has every message of the code."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from pxgen.errors import PxgenError
from tests.support.scripts import load_script

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def listing() -> ModuleType:
    return load_script(ROOT / "docs" / "list_errors.py")


def test_the_page_is_fresh(listing: ModuleType) -> None:
    _, _, made = listing.PAGE.read_text("utf-8").partition(listing.MARK)
    assert made.strip() == listing.listed().strip(), "run `make docs`"


def test_advice_is_about_messages_that_there_are(listing: ModuleType) -> None:
    by_hand, _, _ = listing.PAGE.read_text("utf-8").partition(listing.MARK)
    headings = re.findall(r"^### `(.+)`$", by_hand, flags=re.MULTILINE)
    told = [message.text for each in listing.found().values() for message in each]
    assert len(headings) >= 30
    for heading in headings:
        assert any(heading in text for text in told), f"no message says {heading} any more"


def test_every_error_has_its_exit_code(listing: ModuleType) -> None:
    kinds = [PxgenError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
        assert listing.CODES[kind.__name__] == kind.exit_code


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise InputError(f'{path} is {n} long: cut it')", {("… is … long: cut it", 3)}),
        ("LIMIT = 'no end'\nraise click.UsageError(f'{x}: {LIMIT}')", {("…: no end", 2)}),
        ("why = 'it is old'\nerror = PxgenError(f'{x}: {why}')", {("…: it is old", 1)}),
        ("def misfit(x):\n    return f'{x} are many'", {("…: … are many", 3)}),
        ("raise InputError(str(error))", set()),
        ("raise ValueError('nobody sees this')", set()),
    ],
)
def test_messages_are_found(listing: ModuleType, source: str, told: set[tuple[str, int]]) -> None:
    assert set(listing.messages(source)) == told


def test_a_new_part_of_the_package_needs_an_area(listing: ModuleType) -> None:
    assert listing.area_of("models.registry") != listing.area_of("models.protocol")
    with pytest.raises(KeyError, match="no area"):
        listing.area_of("telepathy")
