"""``sample``: new sprites from a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from pxgen.checkpoint.store import Loaded, fingerprint
from pxgen.commands.watching import watched
from pxgen.config.project import Project
from pxgen.config.settings import SampleSettings
from pxgen.errors import UsageError
from pxgen.render.outputs import Output, Series, Shown, plan_output
from pxgen.sampling.model_choice import open_model
from pxgen.sampling.samples import SamplePlan

END_REPEATS = 8
"""Times that an animated file shows the end of a trace again."""


@dataclass(frozen=True)
class Job:
    """A plan of drawing, and its destination."""

    plan: SamplePlan
    numbers: Sequence[int]
    """Of the pictures to draw."""
    output: Output
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

    def pictures(self, series: Series) -> Iterator[Shown]:
        """Draw everything in order, and note the numbers."""
        held = (0 if self.output.form == "sheet" else END_REPEATS) if self.forming else None
        for number, maps, palette in self.plan.pictures(self.numbers, held):
            self.drawn.append(number)
            yield series.name(number), maps, palette


def sample(settings: SampleSettings, project: Project, console: Console) -> Iterator[Path]:
    """Draw the pictures, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, sampler or palette, or an output that is taken.
        InputError: the model is missing or malformed.
    """
    yield from carry_out(plan_samples(settings, project, console), console)


def carry_out(job: Job, console: Console) -> Iterator[Path]:
    """Draw and write what is planned."""
    settings = job.plan.settings
    if settings.dry_run:
        yield from job.output.paths(moving=job.moving)
        yield from () if settings.manifest is None else (settings.manifest,)
        return
    if job.numbers:
        pictures = job.pictures(Series(settings, job.numbers))
        yield from job.output.write(watched(pictures, len(job.numbers), "drawing", console))
    if settings.manifest is not None:
        yield _manifest(settings.manifest, job)


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
    return Job(plan, numbers, output)


def _check(settings: SampleSettings) -> None:
    """Refuse what would make one run's pictures depend on another's."""
    if settings.novel is not None and (settings.skip_existing or settings.dry_run):
        other = "--skip-existing" if settings.skip_existing else "--dry-run"
        raise UsageError(f"--novel may draw other numbers: leave {other} out")
    manifest = settings.manifest
    if manifest is None:
        return
    if str(manifest) == "-":
        raise UsageError("--manifest - would mix with the pictures: name a file")
    written = [Path(settings.out or "."), *settings.data]
    if manifest.is_dir() or any(manifest.absolute() == path.absolute() for path in written):
        raise UsageError(f"--manifest {manifest} names what else is written: name another file")


def _manifest(target: Path, job: Job) -> Path:
    from pxgen.sampling.manifest import Recorded, inputs_of, options_of, write_manifest

    settings, turns = job.plan.settings, job.plan.samplings
    # What was skipped belongs to the run as well.
    numbers = settings.numbers if settings.novel is None else job.drawn
    named = replace(job.output, series=Series(settings, numbers))
    paths = named.paths(moving=job.moving) if named.form == "folder" else None
    strengths: list[float | None] = [None] * len(numbers)
    if len(turns) > 1:
        strengths = [turns[i % len(turns)].strength for i in settings.numbers]
    options, model = options_of(settings), fingerprint(job.plan.loaded)
    # Traces show a sprite as it forms.
    frames = () if settings.trace else job.plan.loaded.card.frame_names
    recorded = Recorded(
        settings.seed, settings.label, model, options, inputs_of(options), frames=frames
    )
    files = paths or [named.target] * len(numbers)
    return write_manifest(target, zip(files, numbers, strengths, strict=True), recorded)
