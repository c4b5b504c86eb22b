"""What every command that draws pictures from a model is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pxgen.errors import UsageError
from pxgen.render.one_file import SheetOptions


@dataclass(frozen=True, kw_only=True)
class Making:
    """Which pictures of which model, and where they go."""

    model: Path | None
    runs: Path
    """Where the newest run is looked for if no model is named."""
    labels: tuple[str, ...]
    seed: int
    indices: Sequence[int]
    """The numbers of the pictures in the seed's stream."""
    count: int
    """Pictures of the run, those of its other shards with them."""
    scale: int
    out: str | None
    sheet: SheetOptions
    force: bool
    skip_existing: bool
    """Leave out what is in the folder already."""
    dry_run: bool
    """Say what would be written, and write nothing."""
    device: str
    workers: int | None

    def __post_init__(self) -> None:
        if self.skip_existing and self.force:
            raise UsageError("--skip-existing and --force exclude each other")
