"""``sample``: new sprites from a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pxgen.checkpoint.store import Loaded
from pxgen.commands.context import Context
from pxgen.commands.watching import watched
from pxgen.config.options import Image
from pxgen.config.requests import AnimateSettings
from pxgen.config.sample_settings import SampleSettings
from pxgen.errors import Remark, UsageError
from pxgen.files import kept_aside
from pxgen.palette.library import palette_file
from pxgen.render.outputs import Output, Series, plan_output
from pxgen.sampling.results import Picture
from pxgen.sampling.samples import SamplePlan, in_palette

if TYPE_CHECKING:
    from pxgen.commands.choose import PagePlan

T = TypeVar("T")

END_REPEATS = 8
"""Times that an animated file shows the end of a trace again."""


@dataclass(frozen=True)
class Job:
    """A plan of drawing, and its destination."""

    plan: SamplePlan
    numbers: Sequence[int]
    """Of the pictures to draw."""
    output: Output
    page: PagePlan | None = None
    """The page to write, if the output is one."""
    drawn: list[int] = field(default_factory=list)
    """The numbers that pictures were drawn with, in order, as they come."""
    unchanged: list[int] = field(default_factory=list)
    """Of those the ones that are their initial image."""
    empty: list[int] = field(default_factory=list)
    """Of those the ones without a visible pixel."""

    @property
    def forming(self) -> bool:
        """True if pictures are shown as they form: one still would stand still in an animation."""
        still = len(self.numbers) * self.plan.loaded.card.canvas.frames == 1
        return self.plan.settings.trace or (self.output.moves and still)

    @property
    def moving(self) -> bool:
        """True if pictures have several frames."""
        return self.plan.loaded.card.canvas.frames > 1 or self.forming

    @property
    def paths(self) -> list[Path]:
        """The files to be written, as far as the numbers of pictures are known."""
        settings = self.plan.settings
        new = replace(self.output, series=Series(settings, self.numbers))
        paths = new.paths(moving=self.moving) if self.numbers else []
        return paths if settings.manifest is None else [*paths, settings.manifest]

    def carry_out(self, context: Context) -> Iterator[Path]:
        """Draw and write what is planned."""
        settings = self.plan.settings
        if settings.dry_run:
            yield from self.paths
            return
        if self.numbers:
            given = [settings.init, settings.mask]
            pictures = keeping(self.paths, given, self.pictures(), context.remark)
            drawn = watched(pictures, len(self.numbers), "drawing", context.console)
            yield from self._written(drawn, context.remark)
            where = f"{context.job}: " if context.job else ""
            tell_empty(len(self.empty), len(self.drawn), context)
            if self.unchanged:
                whole = bool(settings.mask) and min(settings.strength, default=1.0) == 1
                more = "a larger mask" if whole else "a --strength nearer 1"
                context.remark(
                    f"{where}{len(self.unchanged)} of {len(self.drawn)} are the picture given, as "
                    f"the model reads it: {more} changes more"
                )
        if settings.manifest is not None:
            yield self._manifest(settings.manifest)

    def _written(self, pictures: Iterable[Picture], remark: Remark) -> Iterator[Path]:
        if self.page is not None:
            # Larger canvases and traces are no sprites as the model has learnt them.
            whole = not self.forming and self.plan.samplings[0].canvas is None
            yield self.page.write(self.output.target, pictures, whole=whole, remark=remark)
            return
        series = Series(self.plan.settings, self.numbers)
        named = ((series.name(i), maps, palette) for i, maps, palette in pictures)
        yield from self.output.write(named)

    def pictures(self) -> Iterator[Picture]:
        """Draw everything in order, and note the numbers; a page colours by itself."""
        held = (0 if self.output.form == "sheet" else END_REPEATS) if self.forming else None
        plan = self.plan
        for picture in plan.uncolored(self.numbers, held):
            self.drawn.append(picture.number)
            if not picture.indices.any():
                self.empty.append(picture.number)
            way = plan.samplings[picture.number % len(plan.samplings)]
            if way.init is not None and not way.from_scratch:
                given = way.init.cpu().numpy()
                if np.array_equal(picture.indices[-len(given) :], given):
                    self.unchanged.append(picture.number)
            yield picture if self.page else in_palette(picture, plan.loaded, plan.palette)

    def _manifest(self, target: Path) -> Path:
        from pxgen.sampling.manifest import record, write_manifest

        settings = self.plan.settings
        # What was skipped belongs to the run as well.
        numbers = settings.numbers if settings.novel is None else self.drawn
        named = replace(self.output, series=Series(settings, numbers))
        paths = named.paths(moving=self.moving) if named.form == "folder" else None
        files = paths or [named.target] * len(numbers)
        drawn = zip(files, numbers, self.plan.strengths(settings.numbers), strict=True)
        return write_manifest(target, drawn, record(settings, self.plan.loaded))


def sample(settings: SampleSettings, context: Context) -> Iterator[Path]:
    """Look a request through; the result draws, writes, and yields each path once it is complete.

    Raises:
        UsageError: an unknown label, sampler or palette, or an output that is taken.
        InputError: the model is missing or malformed.
    """
    return plan_samples(settings, context).carry_out(context)


def plan_samples(
    settings: SampleSettings,
    context: Context,
    loaded: Loaded | None = None,
    numbers: Sequence[int] | None = None,
) -> Job:
    """Look a request through.

    Its model may be at hand already, ``loaded``; ``numbers`` are those of its pictures where they
    are no range.

    Raises:
        UsageError: an unknown label, sampler or palette, or an output that is taken.
        InputError: the model is missing or malformed.
    """
    if loaded is None:
        loaded = context.open(settings.model, settings.device)
    _check(settings)
    named = settings.dataset
    settings = replace(settings, dataset=settings.dataset or context.project.dataset)
    plan = SamplePlan.of(loaded, settings, context.remark)
    numbers = settings.numbers if numbers is None else numbers
    output = plan_output(
        settings.out,
        Series(settings, numbers),
        scale=settings.scale,
        force=settings.force or settings.skip_existing,
        sheet=settings,
        report=context.remark,
    )
    output = output.of_frames(() if settings.trace else loaded.card.frame_names)
    if settings.skip_existing:
        moving = settings.trace or loaded.card.canvas.frames > 1
        numbers = output.missing(numbers, moving=moving)
    page = None
    if output.form == "page":
        from pxgen.commands.choose import PagePlan, training_sprites

        training = training_sprites(named, context.project, loaded, context.remark)
        strengths = plan.strengths(numbers)
        page = PagePlan(loaded, settings, plan.labels, output.delay_ms, training, strengths)
    job = Job(plan, numbers, output, page)
    context.claim(job.paths, [*map(palette_file, (settings.palette, settings.lock)), loaded.path])
    return job


def _check(settings: SampleSettings) -> None:
    """Refuse what would make one run's pictures depend on another's."""
    if settings.novel is not None and (settings.skip_existing or settings.dry_run):
        other = "--skip-existing" if settings.skip_existing else "--dry-run"
        raise UsageError(f"--novel may draw other numbers: leave {other} out")
    check_manifest(settings)


def keeping(
    paths: Sequence[Path], given: Iterable[Image | None], drawn: Iterable[T], remark: Remark
) -> Iterator[T]:
    """What is drawn; before the first is written, what was given is kept where it is replaced."""
    sources = [image for image in given if isinstance(image, Path)]
    for number, each in enumerate(drawn):
        for replaced, kept in kept_aside(paths, sources) if not number else ():
            remark(f"{replaced} was given, and is kept as {kept}")
        yield each


def tell_empty(empty: int, drawn: int, context: Context) -> None:
    """Say how many of the pictures drawn show nothing."""
    if empty:
        where = f"{context.job}: " if context.job else ""
        context.remark(
            f"{where}{empty} of {drawn} show nothing: train longer, or choose by eye with "
            "-o choose.html"
        )


def check_manifest(settings: SampleSettings | AnimateSettings) -> None:
    """Refuse a manifest in the place of something else.

    Raises:
        UsageError: the pictures go there, or other pictures are.
    """
    manifest = settings.manifest
    if manifest is None:
        return
    if str(manifest) == "-":
        raise UsageError("--manifest - would mix with the pictures: name a file")
    written = [Path(settings.out or "."), *settings.data]
    if manifest.is_dir() or any(manifest.absolute() == path.absolute() for path in written):
        raise UsageError(f"--manifest {manifest} names what else is written: name another file")
    from pxgen.sampling.manifest import is_manifest

    if manifest.exists() and not (manifest.is_file() and is_manifest(manifest)):
        raise UsageError(f"{manifest} exists and is no manifest: name another file")
