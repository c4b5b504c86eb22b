"""``prepare --builtin``: a dataset of the characters that pxgen draws itself."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pxgen.arrays import IndexMaps, Marks
from pxgen.builtin import CASTS, HEADS, PALETTE, TERMS, Cast, generate
from pxgen.canvas import Canvas
from pxgen.config.options import parse_size
from pxgen.config.settings import DataSettings, of_files
from pxgen.data.audited import dataset_path
from pxgen.data.dataset import DatasetWriter
from pxgen.data.duplicates import sprite_hash
from pxgen.errors import Progress, Remark, UsageError, unwatched
from pxgen.ingest.contact_sheets import choose_shown
from pxgen.ingest.describe import describe_split
from pxgen.ingest.folder import label_numbers, told_terms, write_pictures
from pxgen.ingest.layout import pad_to_canvas
from pxgen.ingest.split import groups_of, split_of


def prepare_builtin(
    settings: DataSettings, out: Path, report: Remark, progress: Progress = unwatched
) -> Path:
    """Draw distinct characters of a built-in set into a dataset folder and return its path.

    Raises:
        UsageError: more characters or other frames than exist, a canvas too small, or options of
            files.
    """
    _refuse_options_of_files(settings)
    cast = HEADS if settings.builtin is True else CASTS[str(settings.builtin)]
    canvas = _canvas(settings, cast)
    # What is impossible is refused before there is a folder.
    characters = generate(settings.count, settings.seed, cast=cast, frames=canvas.frames)
    source = "builtin" if cast is HEADS else f"builtin-{cast.name}"
    info = {
        "sources": [source],
        "anchor": settings.anchor,
        "holdout": settings.holdout,
        "seed": settings.seed,
        **TERMS,
        **told_terms(settings),
    }
    with dataset_path(out, audited=settings.audit, report=report, progress=progress) as path:
        writer = DatasetWriter(
            path,
            palette=PALETTE,
            label_names=cast.labels,
            canvas=canvas,
            frame_names=cast.frame_names,
            info=info,
        )
        with writer:
            keys, labels = _draw(writer, characters, canvas, settings, source, progress)
            split, group = split_of(keys, settings.holdout, settings.seed), groups_of(keys)
            writer.finish(split, group)
    kind = "stills" if canvas.frames == 1 else f"clips of {canvas.frames} frames"
    report(
        f"{len(keys)} built-in {kind} of {canvas.width}x{canvas.height}, {len(cast.labels)} labels"
    )
    report(f"{len(PALETTE)} colours, transparent among them")
    report(describe_split(split, group, settings.holdout))
    write_pictures(out, choose_shown(labels, canvas.frames))
    return out


def _draw(
    writer: DatasetWriter,
    characters: Iterable[tuple[IndexMaps, Marks]],
    canvas: Canvas,
    settings: DataSettings,
    source: str,
    progress: Progress,
) -> tuple[array[int], list[tuple[int, ...]]]:
    """Write every character; their keys, and the numbers of their labels."""
    keys = array("Q")
    labels: list[tuple[int, ...]] = []
    for pixels, marks in characters:
        names = [f"{source}-{settings.seed}-{len(keys) + i}" for i in range(len(pixels))]
        placed = np.stack([pad_to_canvas(each, canvas, settings.anchor) for each in pixels])
        writer.append(placed, marks, names)
        keys.extend(map(sprite_hash, pixels))
        labels.extend(label_numbers(marks))
        progress(len(keys), "characters drawn")
    return keys, labels


def _refuse_options_of_files(settings: DataSettings) -> None:
    """Refuse every option that would change nothing."""
    given = [f"--{name.replace('_', '-')}" for name in of_files(settings)]
    if given:
        raise UsageError(
            "--builtin draws sprites with a palette and labels of its own: "
            f"leave out {', '.join(given)}"
        )


def _canvas(settings: DataSettings, cast: Cast) -> Canvas:
    height, width = parse_size(settings.size) if settings.size else cast.size
    if height < cast.size[0] or width < cast.size[1]:
        own = f"{cast.size[1]}x{cast.size[0]}"
        raise UsageError(f"built-in {cast.name} are {own}: --size {width}x{height} cuts them")
    return Canvas(settings.frames or cast.frames[0], height, width)
