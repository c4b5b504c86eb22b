"""The folder of a dataset: its file, a contact sheet and the palette beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pxgen.arrays import Marks
from pxgen.checkpoint.provenance import TERMS
from pxgen.config.settings import DataSettings
from pxgen.data.dataset import FILE_NAME, open_dataset
from pxgen.errors import UsageError
from pxgen.files import write_bytes
from pxgen.ingest.contact_sheets import sheet_png, swatch_png
from pxgen.palette.local import fitting, own_palette, united

SHEET, SWATCH = "sheet.png", "palette.png"


def refuse_existing(out: Path, *, force: bool) -> None:
    """Stop before any work where a dataset would be replaced unasked.

    Raises:
        UsageError: one of the files of a dataset exists, or ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder with -o")
    for name in (FILE_NAME, SHEET, SWATCH):
        if (out / name).exists() and not force:
            raise UsageError(f"{out / name} exists: replace it with --force, or choose another -o")


def write_pictures(out: Path, shown: Sequence[int]) -> None:
    """Write the contact sheet of these sprites, and the palette, beside a dataset."""
    dataset = open_dataset(out)
    pixels, palette = dataset.pixels, dataset.palette
    if dataset.palettes is not None:
        fit = fitting(dataset.palettes, shown) or shown[:1]
        pictures = ((pixels[i], own_palette(dataset.palettes[i])) for i in fit)
        maps, palette = united(pictures)
        pixels, shown = np.stack(maps), range(len(maps))
    write_bytes(out / SHEET, sheet_png(pixels[np.array(shown)], palette))
    write_bytes(out / SWATCH, swatch_png(dataset.palette))


def label_rows(labels: Sequence[tuple[int, ...]], width: int) -> Marks:
    """``(n, width) uint8``: 1 at each label number of each sprite."""
    rows = np.zeros((len(labels), width), np.uint8)
    for row, numbers in zip(rows, labels, strict=True):
        row[list(numbers)] = 1
    return rows


def label_numbers(rows: Marks) -> list[tuple[int, ...]]:
    """The label numbers of each ``(n, L) uint8`` row of marks."""
    return [tuple(np.flatnonzero(row).tolist()) for row in rows]


def told_terms(settings: DataSettings) -> dict[str, str]:
    """The license, author and origin of sprites, as far as they were told."""
    terms = {name: getattr(settings, name) for name in TERMS}
    return {name: term for name, term in terms.items() if term}
