"""``animate``: sprites that move, drawn or gone on with by a model of clips, else by a walk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from pxgen.checkpoint.store import Loaded
from pxgen.commands.context import Context
from pxgen.commands.early import default_starter
from pxgen.commands.sample import check_manifest, keeping, tell_empty
from pxgen.commands.watching import watched
from pxgen.config.options import named_frames
from pxgen.config.requests import AnimateSettings
from pxgen.palette.library import palette_file
from pxgen.render.outputs import Output, Series, plan_output
from pxgen.sampling.clips import ClipPlan
from pxgen.sampling.results import Picture

if TYPE_CHECKING:
    from pxgen.commands.choose import PagePlan

EMPTY = b""
"""Stands for clips that show nothing, where clips are told apart by their digest."""


@dataclass(frozen=True)
class ClipJob:
    """A plan of clips, and their destination."""

    plan: ClipPlan
    numbers: Sequence[int]
    """Of the clips to draw."""
    output: Output
    page: PagePlan | None
    """The page to write, if the output is one."""

    @property
    def paths(self) -> list[Path]:
        """The files to be written."""
        series, manifest = Series(self.plan.settings, self.numbers), self.plan.settings.manifest
        paths = replace(self.output, series=series).paths(moving=True) if self.numbers else []
        return paths if manifest is None else [*paths, manifest]

    def carry_out(self, context: Context) -> Iterator[Path]:
        """Draw and write what is planned."""
        settings, series = self.plan.settings, Series(self.plan.settings, self.numbers)
        if settings.dry_run:
            yield from self.paths
            return
        given = [*(file for _, file in map(named_frames, settings.given or ())), settings.mask]
        kinds: Counter[bytes] = Counter()
        if self.page is not None and self.numbers:
            # A walk through stills is no clip that could be compared with others.
            whole = self.plan.loaded.card.canvas.frames > 1
            drawn = _counted(self.plan.uncolored(self.numbers, context.remark), kinds)
            drawn = keeping(self.paths, given, drawn, context.remark)
            clips = watched(drawn, len(self.numbers), "drawing", context.console)
            yield self.page.write(self.output.target, clips, whole=whole, remark=context.remark)
        elif self.numbers:
            pictures = self.plan.pictures(self.numbers, context.remark)
            pictures = keeping(self.paths, given, pictures, context.remark)
            named = (
                (series.name(i), clip, palette) for i, clip, palette in _counted(pictures, kinds)
            )
            yield from self.output.write(
                watched(named, len(self.numbers), "drawing", context.console)
            )
            if settings.given and (again := kinds.total() - len(kinds)):
                where = f"{context.job}: " if context.job else ""
                context.remark(
                    f"{where}{again} of {kinds.total()} are like others: the model is sure of the "
                    "rest; give less of it, or ask for other labels"
                )
        tell_empty(kinds[EMPTY], kinds.total(), context)
        if settings.manifest is not None:
            yield self._manifest(settings.manifest)

    def _manifest(self, target: Path) -> Path:
        from pxgen.sampling.manifest import record, write_manifest

        settings, output = self.plan.settings, self.output
        # What was skipped belongs to the run as well.
        named = replace(output, series=Series(settings, settings.numbers))
        files = named.paths(moving=True)
        if output.form != "folder":
            files = [output.target] * len(settings.numbers)
        drawn = [(file, i, None) for file, i in zip(files, settings.numbers, strict=True)]
        return write_manifest(target, drawn, record(settings, self.plan.loaded))


def _counted(pictures: Iterable[Picture], kinds: Counter[bytes]) -> Iterator[Picture]:
    """The same pictures, of which equal ones are counted, and empty ones as such."""
    for picture in pictures:
        shown = blake2b(picture.indices.tobytes()).digest() if picture.indices.any() else EMPTY
        kinds[shown] += 1
        yield picture


def animate(settings: AnimateSettings, context: Context) -> Iterator[Path]:
    """Look a request through; the result draws, writes, and yields each path once it is complete.

    Raises:
        UsageError: an unknown label, what the model cannot do, or an output that is taken.
        InputError: the clip or the model is rejected.
    """
    return plan_clips(settings, context).carry_out(context)


def plan_clips(
    settings: AnimateSettings,
    context: Context,
    loaded: Loaded | None = None,
    numbers: Sequence[int] | None = None,
) -> ClipJob:
    """Look a request through.

    Its model may be at hand already, ``loaded``; ``numbers`` are those of its clips where they are
    no range.

    Raises:
        UsageError: an unknown label, or an output that is taken.
        InputError: the model is rejected.
    """
    if loaded is None:
        loaded = context.open(settings.model, settings.device, default_starter(settings))
    check_manifest(settings)
    plan = ClipPlan.of(loaded, settings)
    numbers = settings.numbers if numbers is None else numbers
    output = plan_output(
        settings.out,
        Series(settings, numbers),
        scale=settings.scale,
        force=settings.force or settings.skip_existing,
        sheet=settings,
        report=context.remark,
        delay_ms=plan.delays(),
    )
    output = output.of_frames(plan.frame_names)
    if settings.skip_existing:
        numbers = output.missing(numbers, moving=True)
    page = None
    if output.form == "page":
        from pxgen.commands.choose import PagePlan, training_sprites

        training = training_sprites(settings.dataset, context.project, loaded, context.remark)
        unset = [None] * len(numbers)
        page = PagePlan(loaded, settings, plan.labels, output.delay_ms, training, unset)
    job = ClipJob(plan, numbers, output, page)
    context.claim(job.paths, [*map(palette_file, (settings.palette, settings.lock)), loaded.path])
    return job
