"""The list of mutants keeps up with the code; ``make mutants`` says whether tests kill them."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.mutant import ROOT, Mutant, applied, read_mutants

MUTANTS = read_mutants()


def test_there_are_many_and_no_two_are_the_same() -> None:
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS) >= 100
    assert len({mutant.what for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_mutant_applies_and_names_its_tests(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text("utf-8")
    wrong = applied(mutant, source)
    if mutant.file.endswith(".py"):
        ast.parse(wrong)
    assert mutant.old != mutant.new
    for name in mutant.tests:
        file, _, test = name.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert f"def {test.partition('[')[0]}(" in text or not test


def test_a_line_that_is_gone_or_there_twice_is_no_mutant() -> None:
    mutant = Mutant(0, "x", "a.py", "x = 1", "x = 2", [])
    assert applied(mutant, "if y:\n    x = 1\n") == "if y:\n    x = 2\n"
    for source in ("x = 3\n", "x = 1\nx = 1\n", "x = 1  # more\n"):
        with pytest.raises(ValueError, match=r"a\.py has this line [02] times"):
            applied(mutant, source)
