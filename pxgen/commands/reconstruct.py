"""``reconstruct``: what is left of images after a model has encoded and decoded them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pxgen.checkpoint.runs import told
from pxgen.checkpoint.store import Loaded
from pxgen.commands.context import Context
from pxgen.commands.watching import watched
from pxgen.config.requests import ReconstructSettings
from pxgen.data.labels import parse_labels
from pxgen.errors import UsageError
from pxgen.ingest.walk import in_order
from pxgen.render.outputs import Named, Output, plan_output
from pxgen.sampling.reconstructions import Reconstruction, reconstructions, result_names, totals


def reconstruct(settings: ReconstructSettings, context: Context) -> Iterator[Path | str]:
    """Look a request through; the result encodes, decodes and writes both side by side.

    It yields each path and remarks the figures, or yields these alone as JSON if that is asked for.
    Names and noise are those of the whole run; a shard that no image falls to makes nothing.

    Raises:
        UsageError: an unknown label, or an output that is taken.
        InputError: an image or the model is rejected; off-palette colours if ``strict``.
    """
    images = [*in_order(settings.images)]
    if not images:
        raise UsageError("no images: name those to reconstruct")
    of_all = result_names(images)
    names = [of_all[number] for number in settings.numbers]
    output = plan_output(
        settings.out,
        Named(names),
        scale=settings.scale,
        force=settings.force,
        sheet=settings,
        report=context.remark,
    )
    if output.form != "folder" and output.target.resolve() in {path.resolve() for path in images}:
        raise UsageError(f"{output.target} is one of the images: name another file with -o")
    loaded = context.open(settings.model, settings.device)
    output = output.of_frames(loaded.card.frame_names)
    parse_labels(settings.label, loaded.card.label_names, told(loaded.path))
    context.claim(output.paths(moving=loaded.card.canvas.frames > 1), [loaded.path])
    return _written(loaded, images, output, settings, context)


def _written(
    loaded: Loaded,
    images: Sequence[Path],
    output: Output,
    settings: ReconstructSettings,
    context: Context,
) -> Iterator[Path | str]:
    making = reconstructions(
        loaded,
        [(number, images[number]) for number in settings.numbers],
        settings.label,
        seed=settings.seed,
        level=settings.level,
        strict=settings.strict,
    )
    made = list(watched(making, len(settings.numbers), "reconstructing", context.console))
    named = zip(output.series.names(), made, strict=True)
    shown = [(name, each.strip(), each.palette) for name, each in named]
    written = list(output.write(shown)) if shown else []
    if settings.json:
        yield json.dumps(totals(made), indent=2, ensure_ascii=False)
        return
    yield from written
    for line in lines(made):
        context.remark(f"{context.job}: {line}" if context.job else line)


def lines(made: Sequence[Reconstruction]) -> Iterator[str]:
    """The figures as text, one line an image and one over all."""
    if not made:
        return
    facts = totals(made)
    for image in facts["images"]:
        snapped = image["snapped_pixels"]
        note = f", {snapped} pixels off the palette" if snapped else ""
        yield (
            f"{image['image']}: {image['exact']:.2%} exact, "
            f"{_share(image['foreground_exact'])} of the foreground{note}"
        )
    yield (
        f"all: {facts['exact']:.2%} exact, {_share(facts['foreground_exact'])} of the foreground, "
        f"{facts['whole_images_exact']:.1%} of the images without a wrong pixel"
    )


def _share(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.2%}"
