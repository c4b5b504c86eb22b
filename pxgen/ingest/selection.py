"""The sprites of a survey that a dataset is made of, in their true pixels, and its canvas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bools
from pxgen.canvas import Canvas
from pxgen.config.settings import DataSettings
from pxgen.errors import InputError, Remark, UsageError
from pxgen.frames import common_names
from pxgen.ingest.census import Census
from pxgen.ingest.describe import Refusals, describe_sheets, describe_sizes
from pxgen.ingest.grid import in_cells
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.layout import check_canvas, choose_canvas, misfit
from pxgen.ingest.scale import Size
from pxgen.ingest.survey import Survey
from pxgen.ingest.views import NO_VIEWS
from pxgen.palette.local import LOCAL, MAX_LOCAL_COLORS

TOO_COLORFUL = (
    f"--palette local holds {MAX_LOCAL_COLORS} colours a sprite: --colors {MAX_LOCAL_COLORS} "
    f"reduces those of more, --most-colors {MAX_LOCAL_COLORS} or --skip-bad leaves them out"
)


@dataclass(frozen=True)
class Selection:
    """Sprites to keep."""

    survey: Survey
    keep: list[bool]
    reductions: dict[Size, int]
    """The factor by which sprites of each size are shrunk to their true pixels."""
    canvas: Canvas
    trimmed: Mapping[int, Canvas] = field(default_factory=dict)
    """The sizes, by number in the survey, of sprites whose clear borders are cut off."""
    frames: dict[str, str] = field(default_factory=dict)
    """Each name of a frame that was found to the one it gets; empty where frames have no names."""

    @property
    def frame_names(self) -> tuple[str, ...]:
        """The name of each frame of the canvas; empty where they have none."""
        return tuple(dict.fromkeys(self.frames.values()))

    def places(self) -> Iterator[list[int]]:
        """Of each sprite, the frames of the canvas that its own frames are, if these have names."""
        number = {name: k for k, name in enumerate(self.frame_names)}
        of = {found: number[name] for found, name in self.frames.items()}
        for sprite in self.numbers:
            yield [of[found] for found in self.survey.frames[sprite]]

    def present(self) -> Bools | None:
        """``(n, T) bool``: the frames that each sprite has; None where all have all."""
        if not self.frames:
            return None
        present = np.zeros((len(self.numbers), self.canvas.frames), bool)
        for row, places in zip(present, self.places(), strict=True):
            row[places] = True
        return None if present.all() else present

    @property
    def numbers(self) -> NDArray[np.intp]:
        """``(n,)`` numbers of the sprites in the survey."""
        return np.flatnonzero(self.keep)

    @property
    def names(self) -> list[str]:
        """The name of each."""
        return [self.survey.names[number] for number in self.numbers]

    def sprites(self) -> Iterator[IndexedSprite]:
        """Each of them, in its true pixels."""
        return self.survey.chosen(self.keep, self.reductions, self.trimmed)

    def sizes(self) -> Counter[Canvas]:
        """How many are of each true size."""
        whole = [number for number in self.numbers if number not in self.trimmed]
        found = Counter(self.survey.sizes[number] for number in whole)
        true_sizes = [(true_size(size, self.reductions), n) for size, n in found.items()]
        trimmed = Counter(self.trimmed[n] for n in self.numbers if n in self.trimmed)
        sizes: Counter[Canvas] = Counter()
        for true, count in [*true_sizes, *trimmed.items()]:
            sizes[true if not self.frames else Canvas(self.canvas.frames, *true[1:])] += count
        return sizes

    def census(self) -> Census:
        """Their colours."""
        census = Census()
        for sprite in self.sprites():
            census.add(sprite.colors, sprite.counts())
        return census

    def without(self, numbers: Collection[int]) -> Selection:
        """The selection less the sprites of these numbers in the survey."""
        keep = [kept and number not in numbers for number, kept in enumerate(self.keep)]
        return self.keeping(keep)

    def keeping(self, keep: list[bool]) -> Selection:
        """The sprites to ``keep``, on a canvas without the frames that none of them has."""
        kept = (names for names, kept in zip(self.survey.frames, keep, strict=True) if kept)
        frames = common_names(chain.from_iterable(dict.fromkeys(kept)))
        canvas = Canvas(len(set(frames.values())), *self.canvas[1:]) if frames else self.canvas
        return replace(self, keep=keep, canvas=canvas, frames=frames)


def true_size(size: Canvas, reductions: dict[Size, int]) -> Canvas:
    """The size of sprites decoded at ``size`` once their enlargement is undone."""
    factor = reductions[size.height, size.width]
    return Canvas(size.frames, size.height // factor, size.width // factor)


def select(
    survey: Survey,
    settings: DataSettings,
    size: Size | None,
    refusals: Refusals,
    report: Remark,
) -> Selection:
    """The sprites that fit the canvas of ``size``, or of the commonest, and palettes of their own.

    Raises:
        InputError: others must not be left out, or nothing is left.
        UsageError: views or named frames are asked for, and there are none.
    """
    if not len(survey):
        refusals.settle()
        if settings.take:
            raise InputError(f"--take {settings.take}: no frame in the sources has such a name")
        raise InputError("nothing usable in the sources: no sprite is left")
    reductions = _reductions(survey, settings, report)
    frames = _frames(survey, settings)
    longest = max(each.frames for each in survey.sizes) if settings.fit else None
    length = len(set(frames.values())) or settings.frames or longest
    whole = _true_sizes(survey, reductions, length if frames else None)
    canvas = choose_canvas(Counter(whole), size, length)
    check_canvas(canvas, zip(survey.names, whole, strict=True))
    trimmable = _trimmed(survey, reductions, whole, canvas)
    fitting = sum(not _too_large(each, canvas) for each in trimmable.values())
    trimmed = trimmable if settings.trim else {}
    own = [trimmed.get(number, each) for number, each in enumerate(whole)]
    misfits = {each: misfit(each, canvas, settings.fit) for each in set(own)}
    excess = survey.excess if settings.palette == LOCAL and not settings.colors else {}
    keep = []
    for number, (name, each) in enumerate(zip(survey.names, own, strict=True)):
        reason = misfits[each]
        if frames and not survey.frames[number]:
            reason = "its frames have no names, as those of others have: --views none takes none"
        if reason is None and number in excess:
            reason = f"{excess[number]} colours, a palette of its own holds {MAX_LOCAL_COLORS}"
        if reason:
            refusals(InputError(f"{name}: {reason}"))
        keep.append(reason is None)
    sheets = None if in_cells(settings) else describe_sheets(Counter(own))
    hints = {
        describe_sizes(Counter(own)): any(misfits.values()),
        sheets or "": sheets and any(misfits.values()),
        f"{fitting} of them fit without their clear borders: --trim": fitting and not trimmed,
        TOO_COLORFUL: bool(excess),
    }
    refusals.settle(*(hint for hint, helps in hints.items() if helps))
    if not any(keep):
        raise InputError(
            f"no sprite is left that fits the canvas {canvas.width}x{canvas.height}"
            + (f" and {MAX_LOCAL_COLORS} colours" if excess else "")
        )
    if settings.trim:
        report(_said_of_trimming(survey, reductions, canvas, fitting))
    return Selection(survey, keep, reductions, canvas, trimmed).keeping(keep)


def _true_sizes(survey: Survey, reductions: dict[Size, int], length: int | None) -> list[Canvas]:
    """The size of each sprite once its enlargement is undone, of ``length`` frames if named."""
    true = {each: true_size(each, reductions) for each in set(survey.sizes)}
    if length:
        true = {each: small._replace(frames=length) for each, small in true.items()}
    return [true[each] for each in survey.sizes]


def _too_large(size: Canvas, canvas: Canvas) -> bool:
    return size.height > canvas.height or size.width > canvas.width


def _trimmed(
    survey: Survey, reductions: dict[Size, int], sizes: Sequence[Canvas], canvas: Canvas
) -> dict[int, Canvas]:
    """The sizes without clear borders, by number, of sprites larger than the canvas."""
    large = [_too_large(size, canvas) for size in sizes]
    if not any(large):
        return {}
    numbers = np.flatnonzero(large).tolist()
    found = zip(numbers, survey.chosen(large, reductions), strict=True)
    small = {number: sprite.trimmed().size for number, sprite in found}
    return {n: sizes[n]._replace(height=of.height, width=of.width) for n, of in small.items()}


def _said_of_trimming(
    survey: Survey, reductions: dict[Size, int], canvas: Canvas, count: int
) -> str:
    """A line about the sprites that were trimmed, or what would trim any."""
    if count:
        return f"{count} sprites trimmed of their clear borders"
    everyone = [True] * len(survey)
    sizes = [sprite.trimmed().size for sprite in survey.chosen(everyone, reductions)]
    height, width = max(size.height for size in sizes), max(size.width for size in sizes)
    return (
        f"--trim: every sprite fits {canvas.width}x{canvas.height} as it is; without their clear "
        f"borders --size {width}x{height} holds them all"
    )


def _frames(survey: Survey, settings: DataSettings) -> dict[str, str]:
    """Each name of a frame that was found to the one it gets; none where nothing has names."""
    frames = common_names(chain.from_iterable(dict.fromkeys(survey.frames)))
    if not frames and settings.views not in {None, NO_VIEWS}:
        raise UsageError(
            f"--views {settings.views}: no file, folder or tag has one in its name; of sheets say "
            "how large a cell is, too: --cell WxH"
        )
    if not frames and settings.take:
        raise UsageError("--take chooses named frames, and these have no names: see --views")
    return frames


def _reductions(survey: Survey, settings: DataSettings, report: Remark) -> dict[Size, int]:
    reductions = survey.reductions()
    if survey.fake:
        name, seen, true = survey.fake[0]
        report(
            f"{len(survey.fake)} sprites of fake pixels, undone: such as {name}, "
            f"{seen.width}x{seen.height}, really {true.width}x{true.height} "
            "(--keep-scale leaves them, --pixel says how wide one is)"
        )
    if settings.keep_scale or settings.pixel:
        return dict.fromkeys(reductions, 1)
    for size, factor in sorted(reductions.items()):
        if factor > 1:
            height, width = size
            report(
                f"enlarged {factor} times, undone: {width}x{height} are really "
                f"{width // factor}x{height // factor} (--keep-scale leaves them)"
            )
    return reductions
