"""Pages to choose from, as files: nothing in them becomes markup, code or a connection."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from pxgen.render.page import Coloring, Nearest, Page, encode_page
from tests.support.pages import colors_of, data_of, sprites_of
from tests.support.tiny import PALETTE

HOSTILE = "</script><script>alert(1)</script><!-- {{data}} & \u2028 \ud800"


def page(count: int = 3) -> Page:
    pixels = np.arange(count * 2 * 4 * 5, dtype=np.uint8).reshape(count, 2, 4, 5) % len(PALETTE)
    line = {"seed": 7, "labels": ["a"], "model": "m", "options": {"steps": 3}, "inputs": {}}
    return Page(
        title="sprites",
        pixels=pixels,
        delays=[100.0, 40.0],
        colorings=[Coloring("own", [PALETTE.rgba])],
        lines=[line | {"file": f"a-7-{i}.png", "index": i} for i in range(count)],
        labels=[["a"], [], ["b", "a"]][:count],
        command="pxgen sample --repeat kept.jsonl -o kept/",
    )


def test_a_page_holds_the_sprites_and_their_lines() -> None:
    real = np.ones((2, 2, 4, 5), np.uint8)
    known = Nearest(real, np.array([1, 0, 0]), np.array([5, 0, 9]))
    wanted = replace(page(), nearest=known, doubts=np.array([0, 0.5, 1], np.float32))
    data = data_of(encode_page(wanted))
    drawn, beside = sprites_of(data)
    assert np.array_equal(drawn, wanted.pixels)
    assert np.array_equal(beside, real)
    assert np.array_equal(colors_of(data, 0, 2), PALETTE.colors(wanted.pixels[2]))
    assert (data["novelty"], data["nearest"], data["doubts"]) == ([5, 0, 9], [1, 0, 0], [0, 0.5, 1])
    assert (data["vocabulary"], data["labels"]) == (["a", "b"], [[0], [], [1, 0]])
    lines = [data["shared"] | line for line in data["lines"]]
    texts = [
        line | {"seed": str(line["seed"]), "index": str(line["index"])} for line in wanted.lines
    ]
    assert lines == texts
    assert data["doubts"] is not None
    unknown = data_of(encode_page(page()))
    assert (unknown["novelty"], unknown["nearest"], unknown["doubts"]) == (None, None, None)


def test_texts_open_no_tag_and_fill_no_gap() -> None:
    given = page(1)
    line = dict(given.lines[0]) | {"file": HOSTILE, "labels": [HOSTILE]}
    whole = replace(given, title=HOSTILE, lines=[line], labels=[[HOSTILE]], command=HOSTILE)
    text = encode_page(whole).decode("utf-8")
    plain = encode_page(given).decode("utf-8")
    for tag in ("<script", "</script>", "<!--"):
        assert text.count(tag) == plain.count(tag)
    data = data_of(text.encode())
    assert (data["vocabulary"], data["command"]) == ([HOSTILE], HOSTILE)
    # What would have filled a gap of the template stands there as it was given.
    assert "{{data}}" in text


def test_the_page_allows_its_own_script_alone_and_no_connection() -> None:
    text = encode_page(page()).decode("utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src 'none'; ")
    assert policy.count("'sha256-") == 2
    assert "unsafe" not in policy
    assert "://" not in text
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_large_seeds_and_numbers_stay_exact() -> None:
    given = page(1)
    line = dict(given.lines[0]) | {"seed": 2**63 - 1, "index": 2**62 - 1}
    data = data_of(encode_page(replace(given, lines=[line])))
    merged = data["shared"] | data["lines"][0]
    assert (merged["seed"], merged["index"]) == (str(2**63 - 1), str(2**62 - 1))


def test_equal_pages_share_what_was_chosen_and_others_do_not() -> None:
    keys = {data_of(encode_page(each))["key"] for each in (page(), page(), page(2))}
    assert len(keys) == 2


def test_the_template_is_in_the_package() -> None:
    assert (Path(encode_page.__code__.co_filename).parent / "page.html").is_file()
