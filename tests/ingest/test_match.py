"""Which rows of a table are of which sprites."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.preparing import heroes, prepared


@pytest.mark.usefixtures("work")
def test_a_table_that_names_few_of_the_sprites_is_not_theirs() -> None:
    heroes("art")
    Path("art/notes.csv").write_text("page,what\n1,draft\n99,final\n")
    assert prepared("art").label_names == ("elf", "orc")
    Path("art/frames.json").write_text(json.dumps({"a.png": {"frame": {"x": 0}}}))
    assert prepared("art", "--force").label_names == ("elf", "orc")
