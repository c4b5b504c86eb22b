"""Parts of a run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pxgen.config.options import shard_of


@given(st.integers(0, 60), st.integers(1, 70))
def test_parts_of_a_run_are_the_whole_of_it(count: int, parts: int) -> None:
    shards = [shard_of(count, (part, parts)) for part in range(parts)]
    assert [number for shard in shards for number in shard] == list(range(count))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
