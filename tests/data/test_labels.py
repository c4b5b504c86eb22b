"""Labels as people ask for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.data.labels import parse_labels
from pxgen.errors import UsageError


def test_labels_weigh_and_forbid() -> None:
    names = ("hat", "cap:red", "eyes")
    assert parse_labels(["hat:0.5", "eyes:-1"], names).tolist() == [0.5, 0.0, -1.0]
    assert parse_labels(["cap:red"], names).tolist() == [0.0, 1.0, 0.0]
    assert parse_labels(["cap:red:0.25"], names).tolist() == [0.0, 0.25, 0.0]
    assert parse_labels([], ()).shape == (0,)


@given(st.text(max_size=12).filter(lambda text: not text.startswith(("hat", "eyes"))))
def test_any_other_text_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_labels([text], ("hat", "eyes"))


def test_a_label_may_be_asked_for_in_any_case_if_only_one_can_be_meant() -> None:
    names = ("Alien", "Red Hat", "cap", "Cap")
    assert parse_labels(["alien", "red hat:0.5"], names).tolist() == [1, 0.5, 0, 0]
    assert parse_labels(["Cap"], names).tolist() == [0, 0, 0, 1]
    with pytest.raises(UsageError, match="no label 'CAP'"):
        parse_labels(["CAP"], names)


def test_a_weight_that_is_no_number_is_named() -> None:
    with pytest.raises(UsageError, match="label 'alien': 'much' is no weight"):
        parse_labels(["alien:much"], ("alien",))
