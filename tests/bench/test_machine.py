"""The table and the page of `make bench`; the figures themselves are not for a test."""

from __future__ import annotations

import pytest

from tests.bench.rows import Row, page, table


@pytest.mark.parametrize(
    ("row", "ok"),
    [
        (Row("x", 1, "s"), None),
        (Row("x", 1, "s", most=1), True),
        (Row("x", 1.1, "s", most=1), False),
        (Row("x", 1, "s", times=3, least=3), True),
        (Row("x", 1, "s", times=2.9, least=3), False),
        (Row("x", 1, "s", most=2, times=2.9, least=3), False),
        (Row("x", 1, "s", times=2.9), None),
    ],
)
def test_a_row_clears_all_its_bars(row: Row, ok: bool | None) -> None:
    assert row.ok is ok


def test_rows_become_a_table_and_a_page() -> None:
    rows = [Row("a", 1234.5, "s", most=2000), Row("b", 0.5, "MB", times=3.21, note="by c")]
    assert table(rows).splitlines()[1].split() == ["a", "1,234", "s", "at", "most", "2000", "ok"]
    lines = page("a machine", "make bench", rows).splitlines()
    assert "| a | 1,234 | s |  | at most 2000 | ok |  |" in lines
    assert "| b | 0.5 | MB | 3.21 |  |  | by c |" in lines
