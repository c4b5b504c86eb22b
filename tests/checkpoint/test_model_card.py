"""The model card: what is told of the data, figures and limits; a stranger's words stay words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pxgen.checkpoint.model_card import MAX_NAMED, model_card
from pxgen.checkpoint.provenance import Provenance
from tests.checkpoint.test_provenance import TOLD
from tests.support.checkpoints import CARD

FILE = Path("runs/0001-masked/checkpoint.safetensors")


def card(**told: object) -> str:
    return model_card(replace(CARD, provenance=replace(TOLD, **told)), FILE)  # type: ignore[arg-type]


def test_data_figures_and_limits_are_told() -> None:
    text = card()
    assert text.startswith("# 0001-masked\n")
    for line in (
        "- License: CC0-1.0",
        "- Author: Ada",
        "- Origin: https://example.org",
        "- Read from: sprites",
        "- Sprites: 20 to learn from, 3 held out",
        "- bits: 9.5 (bits to code",
        "- Labels of few sprites: crown (2).",
        "- 20 sprites are few",
    ):
        assert f"\n{line}" in text
    assert "ask for it before publishing" not in text


def test_what_nobody_told_is_said_to_be_missing() -> None:
    text = model_card(CARD, FILE)
    assert text.count("not told") == 3
    assert "Nobody told the license" in text
    assert "None are stored." in text


def test_a_collection_that_holds_nothing_out_is_a_limit() -> None:
    assert "no figure can tell learning from memory" in card(held_out=0)
    assert "are few" not in card(sprites=5000)


def test_many_rare_labels_are_counted() -> None:
    rare = {f"label {k}": 1 for k in range(MAX_NAMED + 4)}
    assert text_line(card(rare=rare), "Labels of few").endswith(" and 4 more.")


def test_a_strangers_words_stay_words() -> None:
    text = card(license="<script>\n# [x](y) `z`", author="a\n\n## Limits\n- none")
    assert "- License: &lt;script&gt; \\# \\[x\\](y) \\`z\\`\n" in text
    assert text.count("\n## Limits\n") == 1


def text_line(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"- {start}"))


def test_the_defaults_tell_nothing() -> None:
    assert Provenance().dump() == {}
