"""``sample``: new sprites from a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pxgen.checkpoint.store import Loaded
from pxgen.commands.watching import watched
from pxgen.config.project import Project
from pxgen.config.requests import AnimateSettings
from pxgen.config.settings import SampleSettings
from pxgen.errors import UsageError
from pxgen.render.outputs import Output, Series, plan_output
from pxgen.sampling.model_choice import open_model
from pxgen.sampling.results import Picture
from pxgen.sampling.samples import SamplePlan

if TYPE_CHECKING:
    from pxgen.commands.choose import PagePlan

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

    @property
    def forming(self) -> bool:
        """True if pictures are shown as they form: one still would stand still in an animation."""
        still = len(self.numbers) * self.plan.loaded.card.canvas.frames == 1
        return self.plan.settings.trace or (self.output.moves and still)

    @property
    def moving(self) -> bool:
        """True if pictures have several frames."""
        return self.plan.loaded.card.canvas.frames > 1 or self.forming

    def carry_out(self, console: Console) -> Iterator[Path]:
        """Draw and write what is planned."""
        settings = self.plan.settings
        if settings.dry_run:
            yield from self.output.paths(moving=self.moving)
            yield from () if settings.manifest is None else (settings.manifest,)
            return
        if self.numbers:
            pictures = watched(self.pictures(), len(self.numbers), "drawing", console)
            yield from self._written(pictures, console)
        if settings.manifest is not None:
            yield self._manifest(settings.manifest)

    def _written(self, pictures: Iterable[Picture], console: Console) -> Iterator[Path]:
        if self.page is not None:
            # Larger canvases and traces are no sprites as the model has learnt them.
            whole = not self.forming and self.plan.samplings[0].canvas is None
            yield self.page.write(self.output.target, pictures, whole=whole, remark=console.print)
            return
        series = Series(self.plan.settings, self.numbers)
        named = ((series.name(i), maps, palette) for i, maps, palette in pictures)
        yield from self.output.write(named)

    def pictures(self) -> Iterator[Picture]:
        """Draw everything in order, and note the numbers; a page colours by itself."""
        held = (0 if self.output.form == "sheet" else END_REPEATS) if self.forming else None
        draw = self.plan.pictures if self.page is None else self.plan.uncolored
        for picture in draw(self.numbers, held):
            self.drawn.append(picture.number)
            yield picture

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


def sample(settings: SampleSettings, project: Project, console: Console) -> Iterator[Path]:
    """Draw the pictures, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, sampler or palette, or an output that is taken.
        InputError: the model is missing or malformed.
    """
    yield from plan_samples(settings, project, console).carry_out(console)


def plan_samples(
    settings: SampleSettings,
    project: Project,
    console: Console,
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
        loaded = open_model(settings.model, settings.device, project.runs, console.print)
    _check(settings)
    named = settings.dataset
    settings = replace(settings, dataset=settings.dataset or project.dataset)
    plan = SamplePlan.of(loaded, settings, console.print)
    numbers = settings.numbers if numbers is None else numbers
    output = plan_output(
        settings.out,
        Series(settings, numbers),
        scale=settings.scale,
        force=settings.force or settings.skip_existing,
        sheet=settings,
        report=console.print,
    )
    if not settings.trace:
        output = replace(output, frames=loaded.card.frame_names)
    if settings.skip_existing:
        numbers = output.missing(numbers)
    page = None
    if output.form == "page":
        from pxgen.commands.choose import PagePlan, training_sprites

        training = training_sprites(named, project, loaded, console.print)
        strengths = plan.strengths(numbers)
        page = PagePlan(loaded, settings, plan.labels, output.delay_ms, training, strengths)
    return Job(plan, numbers, output, page)


def _check(settings: SampleSettings) -> None:
    """Refuse what would make one run's pictures depend on another's."""
    if settings.novel is not None and (settings.skip_existing or settings.dry_run):
        other = "--skip-existing" if settings.skip_existing else "--dry-run"
        raise UsageError(f"--novel may draw other numbers: leave {other} out")
    check_manifest(settings)


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
