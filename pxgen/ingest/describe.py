"""A summary of a preparation, in lines for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bools, Bytes
from pxgen.canvas import NEARLY_EMPTY, Canvas
from pxgen.config.settings import DataSettings
from pxgen.data.dataset import HELD_OUT
from pxgen.errors import InputError, Remark
from pxgen.frames import described_frames, frame_name, views_of
from pxgen.ingest.grid import in_cells
from pxgen.ingest.layout import Fit
from pxgen.ingest.palette_choice import Choice
from pxgen.ingest.split import Together
from pxgen.ingest.tally import Tally
from pxgen.ingest.views import asked_views
from pxgen.names import folded, some
from pxgen.palette.quantize import error_text

_MAX_LISTED = 20
_MAX_MISSING = 5
"""Clips that lack frames, and frames of each, listed by name."""


class Refusals:
    """Files and sprites that cannot be used, one line each."""

    def __init__(self, report: Remark, *, skip: bool) -> None:
        """Report the first lines; with ``skip`` the other files are used."""
        self.count = 0
        self._report = report
        self._skip = skip

    def __call__(self, error: InputError) -> None:
        """Record one."""
        self.count += 1
        if self.count <= _MAX_LISTED:
            line = " ".join(str(error).splitlines())  # file names may hold line ends
            self._report(f"left out: {line}" if self._skip else line)

    def settle(self, *hints: str) -> None:
        """Stop here unless they are to be skipped; ``hints`` help with what was refused last.

        Raises:
            InputError: something was refused.
        """
        if self.count > _MAX_LISTED:
            self._report(f"... and {self.count - _MAX_LISTED} more")
        for hint in hints:
            self._report(hint)
        if self.count and not self._skip:
            raise InputError(
                f"{self.count} of the sources cannot be used (listed above): "
                "mend them, or leave them out with --skip-bad"
            )


MIN_BEARERS = 4
"""Of labels with fewer sprites any split is lopsided."""
LARGE, MAX_SHEETS = 64 * 64, 32
"""Pixels from which on so few pictures are rather sheets."""
MAX_SUGGESTED_FRAMES = 64
"""Frames of a clip that are suggested at most: each makes training slower."""


def describe_sizes(sizes: Counter[Canvas]) -> str:
    """A line about the sizes found, for when not all fit."""
    height = max(size.height for size in sizes)
    width = max(size.width for size in sizes)
    shapes = Counter[tuple[int, int]]()
    for size, count in sizes.items():
        shapes[size.width, size.height] += count
    common = ", ".join(f"{w}x{h} ({n})" for (w, h), n in shapes.most_common(8))
    line = f"sizes found: {common}; --size {width}x{height} holds them all"
    lengths = sorted({size.frames for size in sizes})
    if len(lengths) > 1:
        line += f"; clip lengths found: {', '.join(map(str, lengths))}"
        if (whole := math.lcm(*lengths)) <= MAX_SUGGESTED_FRAMES:
            line += f"; --frames {whole} loops them all evenly"
        line += "; --fit hold, loop or resample takes clips of any length"
    return line


def describe_sheets(sizes: Counter[Canvas]) -> str | None:
    """A line about pictures that may be sheets: a few large ones, at least half of all."""
    large = {size: n for size, n in sizes.items() if size.height * size.width > LARGE}
    count = sum(n for size, n in large.items() if size.frames == 1)
    if not count or count > MAX_SHEETS or 2 * count < sizes.total():
        return None
    height, width = max(size.height for size in large), max(size.width for size in large)
    if count == 1:
        return (
            f"one picture of {width}x{height}: if it is a sheet of sprites, cut it with --cell WxH"
        )
    return (
        f"{count} pictures of up to {width}x{height}: if they are sheets of sprites, cut them with "
        "--cell WxH"
    )


_FITTED = {
    None: "shorter clips or stills repeated to",
    "hold": "shorter clips or stills hold their last frame, up to",
    "loop": "shorter clips or stills begin again, up to",
    "resample": "clips or stills of other lengths resampled to",
}


def describe_placing(sizes: Counter[Canvas], canvas: Canvas, fit: Fit | None) -> Iterator[str]:
    """Lines about sprites that were fitted into the canvas."""
    padded = sum(n for size, n in sizes.items() if size[1:] != canvas[1:])
    looped = sum(n for size, n in sizes.items() if size.frames != canvas.frames)
    if padded:
        yield f"{padded} smaller sprites padded to {canvas.width}x{canvas.height}"
    if looped:
        yield f"{looped} {_FITTED[fit]} {canvas.frames} frames"


def describe_empty(names: Sequence[str], *, left_out: bool) -> str:
    """A line about sprites that are empty or nearly so."""
    what = f"of less than 1/{1 / NEARLY_EMPTY:.0f} opaque pixels (such as {names[0]})"
    if left_out:
        return f"{len(names)} empty or nearly empty sprites, {what}, left out"
    return f"{len(names)} sprites are empty or nearly so, {what}: --skip-empty leaves them out"


def describe_missing(names: Sequence[str], frames: Sequence[str], present: Bools) -> str:
    """A line about clips that lack some of their frames."""
    rows = np.flatnonzero(~present.all(1))
    clips = []
    for row in rows[:_MAX_MISSING].tolist():
        lacking = described_frames(
            [frames[k] for k in np.flatnonzero(~present[row]).tolist()], frames
        )
        more = ["..."] if len(lacking) > _MAX_MISSING else []
        clips.append(f"{names[row]} lacks {', '.join(lacking[:_MAX_MISSING] + more)}")
    clips += [f"{len(rows) - _MAX_MISSING} more"] if len(rows) > _MAX_MISSING else []
    return (
        f"{len(rows)} of {len(present)} clips lack frames, which training takes as hidden: "
        f"{'; '.join(clips)}"
    )


def describe_unseen(
    settings: DataSettings, frames: Sequence[str], *, by_names: bool
) -> Iterator[str]:
    """A line about views that were asked for and no frame shows; file names may tell them."""
    shown = {*frames, *views_of(frames)}
    unseen = [view for view in asked_views(settings) or () if frame_name(view) not in shown]
    if unseen and frames and not settings.take:
        other = "rows" if settings.by == "columns" else "columns"
        by_cells = in_cells(settings) and not by_names
        how = f": if the {other} of sheets are views, add --by {other}" if by_cells else ""
        yield f"warning: no sprite shows {some(unseen)}{how}"


def describe_renamed(tally: Tally) -> Iterator[str]:
    """Lines about sheets that took the place of those that their JSON names."""
    for file, image in tally.renamed.items():
        yield f"{file} names {image}, which is not there: it is read with the image of its own name"


def describe_rests(tally: Tally) -> Iterator[str]:
    """A line about pixels outside cells."""
    if tally.rests:
        sheet, (columns, rows) = next(iter(tally.rests.items()))
        yield (
            f"{len(tally.rests)} sheets are no whole number of cells: what is left over at the "
            f"right and below is no sprite (such as {columns} columns and {rows} rows of pixels "
            f"of {sheet})"
        )


def describe_gaps(tally: Tally) -> Iterator[str]:
    """Lines about pixels outside cells, clips with blank cells, and frames that no tag shows."""
    with_blanks, untagged = tally.with_blanks, tally.untagged
    yield from describe_rests(tally)
    if with_blanks:
        yield (
            f"{len(with_blanks)} clips hold blank cells, which are learnt as empty frames (such as "
            f"{with_blanks[0]}): --frames may be another, or --fit hold takes shorter rows"
        )
    if untagged:
        yield (
            f"{sum(untagged.values())} frames outside all tags left out (such as of "
            f"{next(iter(untagged))}): tag them, or --frames 1 takes every frame as a still"
        )


def describe_copies(exact: NDArray[np.int32]) -> str | None:
    """A line about exact copies in a collection, or None where there are none."""
    times = np.bincount(exact)
    if times.max() == 1:
        return None
    if times.min() == times.max():
        return f"warning: every sprite occurs {times[0]} times; {len(times)} are distinct"
    line = f"{int((times - 1).sum())} exact copies; {len(times)} sprites are distinct"
    if times.min() > 1:
        line = f"warning: every sprite occurs at least {times.min()} times; " + line
    return line


def describe_palette(choice: Choice, dithering: str = "none") -> Iterator[str]:
    """Lines about the palette chosen and what was lost to it."""
    kept = len(choice.palette)
    few = "" if choice.counted_exactly else "more than "
    line = f"{kept} colours, transparent among them"
    if choice.suggested is None:
        unused = kept - 1 - choice.distinct
        yield f"{line}; every pixel exact" + (f", {unused} colours unused" if unused else "")
    else:
        yield (
            f"{line}, for {few}{choice.distinct} in the sprites: {choice.exact_share:.1%} of the "
            f"visible pixels keep their colour exactly, {error_text(choice.psnr, dithering)}"
        )
        if choice.given:
            yield f"colours of their own would lose less: --colors {choice.suggested}, no --palette"
        elif choice.suggested != kept - 1:
            yield f"suggested: --colors {choice.suggested}"
    if choice.soft_colors:
        what = "kept" if choice.keep_alpha else "made opaque or transparent (threshold 128)"
        yield (
            f"{choice.soft_colors} semi-transparent colours in {choice.soft_pixels} pixels: {what}"
        )


def describe_labels(
    names: Sequence[str], known: Sequence[str], borne: Sequence[Sequence[str]]
) -> Iterator[str]:
    """Lines about sprites without labels, and labels without sprites or hardly told apart."""
    bare = sum(not each for each in borne)
    if bare and names:
        yield f"{bare} sprites bear no label"
    if absent := [name for name in known if name not in set(names)]:
        yield f"labels that no sprite bears are left out: {some(absent)}"
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(folded(name), []).append(name)
    for each in alike.values():
        if len(each) > 1:
            yield f"labels that differ in case or accents alone: {some(each)}"


def describe_folders_split(split: Bytes, group: NDArray[np.int32]) -> str:
    """A line about a split that folders tell."""
    held = split == HELD_OUT
    line = (
        f"{int(held.sum())} of {len(split)} sprites held out, as their folders say (--holdout 0 "
        "trains on all)"
    )
    if copies := int(np.isin(group[held], group[~held]).sum()):
        line += f"; warning: {copies} of them are copies, mirrors or recolours of others"
    return line


def describe_lopsided(
    split: Bytes, labels: Sequence[Sequence[int]], names: Sequence[str]
) -> str | None:
    """A line about labels of which training sees less than half of the sprites, if there are any.

    Likenesses stay together, so that in a small collection a whole look can be held out.
    """
    bearers, held = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    for side, numbers in zip(split, labels, strict=True):
        bearers[list(numbers)] += 1
        held[list(numbers)] += side == HELD_OUT
    lopsided = np.flatnonzero((bearers >= MIN_BEARERS) & (2 * held > bearers))
    if not len(lopsided):
        return None
    shown = ", ".join(f"{names[k]} ({held[k]} of {bearers[k]})" for k in lopsided[:_MAX_LISTED])
    return f"warning: most sprites of some labels are held out: {shown}; --holdout 0 keeps all"


FEW, MUCH = 3, 2.5
"""Held-out sprites that are never many; and times as many as were asked for that are."""


def describe_split(
    split: Bytes, group: NDArray[np.int32], share: float, together: Together = "likes"
) -> str:
    """A line about the two sides, of which ``share`` was to be held out."""
    held = int((split == HELD_OUT).sum())
    families = len(split) - (int(group.max()) + 1)
    line = f"{held} of {len(split)} sprites held out"
    if 0 < share < 1:
        # Of a few sprites it may be twice the share, or none of it.
        line += f", each by a chance of {100 * share:g} %"
    if families:
        what = "copies, mirrors or recolours" if together == "likes" else "sprites"
        also = "" if together == "likes" else f" and their {together}"
        line += f"; {families} {what} stay with their likes{also}"
    if held > max(FEW, MUCH * share * len(split)) and share < 1 / MUCH:
        line += "; that is much: another --seed holds out others, --holdout 0 none"
    return line
