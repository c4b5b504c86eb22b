"""Names that are told apart, and sorted as people count."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pxgen.names import distinct, folded, natural_key, unreserved


@given(st.lists(st.text(alphabet="aA-1 2éE\u0301ß", max_size=4), max_size=12))
def test_no_two_names_are_alike_whatever_the_file_system_ignores(names: list[str]) -> None:
    found = list(distinct(names))
    assert len({folded(name) for name in found}) == len(names)
    assert list(distinct(found)) == found


def test_the_first_of_several_keeps_its_name() -> None:
    names = ["a", "A", "b", "a-2", unicodedata.normalize("NFD", "é"), "é"]
    assert list(distinct(names)) == ["a", "A-2", "b", "a-2-2", names[4], "é-2"]
    assert list(distinct(["a-2", "A", "A"])) == ["a-2", "A", "A-3"]


def test_many_equal_names_take_no_longer_than_many_others() -> None:
    assert list(distinct(["a"] * 30_000))[-1] == "a-30000"


def test_numbers_are_sorted_by_their_value_and_all_else_as_text() -> None:
    counted = ["walk (2)/1.png", "walk (10)/1.png", "x/f2-1.png", "x/f2-10.png", "x/f10-1.png"]
    assert sorted(set(counted), key=natural_key) == counted
    texts = ["1", "a", "a-b", "a/b", "a1", "a1b", "ab"]
    assert [name for name in sorted(texts, key=natural_key) if "/" not in name] == sorted(
        name for name in texts if "/" not in name
    )


def test_a_name_comes_before_what_goes_on_from_it_whatever_their_suffixes() -> None:
    stems = [
        "hit-00",
        "hit-00-2",
        "hit-01",
        "v1.5",
        "v1.10",
        "x",
        "x-2",
        "x-10",
        "x (2)",
        "x_1",
        "x1",
    ]
    for suffix in (".png", ".PNG#1,0", ""):
        names = sorted((stem + suffix for stem in reversed(stems)), key=natural_key)
        assert (
            names.index(f"x{suffix}") < names.index(f"x-2{suffix}") < names.index(f"x-10{suffix}")
        )
        assert names.index(f"hit-00{suffix}") + 1 == names.index(f"hit-00-2{suffix}")
        assert names.index(f"v1.5{suffix}") + 1 == names.index(f"v1.10{suffix}")
    kinds = ["a/x.gif", "a/x.png", "a/x-2.gif", "a/x-2.png"]
    assert sorted({*kinds}, key=natural_key) == kinds


def test_names_of_devices_are_names_of_files() -> None:
    assert [unreserved(name) for name in ("con", "NUL.x", "com1", "icon", "conx")] == [
        "file-con",
        "file-NUL.x",
        "file-com1",
        "icon",
        "conx",
    ]
