"""``reconstruct``: what is left of images after a model has encoded and decoded them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pxgen.commands.watching import watched
from pxgen.config.project import Project
from pxgen.config.requests import ReconstructSettings
from pxgen.data.labels import parse_labels
from pxgen.errors import UsageError
from pxgen.ingest.walk import in_order
from pxgen.render.outputs import Named, plan_output
from pxgen.sampling.model_choice import open_model
from pxgen.sampling.reconstructions import Reconstruction, reconstructions, result_names, totals


def reconstruct(
    settings: ReconstructSettings, project: Project, console: Console
) -> tuple[list[Reconstruction], list[Path]]:
    """Encode and decode every image of the shard, and write it beside the result.

    Names and noise are those of the whole run; a shard that no image falls to makes nothing.

    Raises:
        UsageError: an unknown label, or an output that is taken.
        InputError: an image or the model is rejected; off-palette colours if ``strict``.
    """
    images = [*in_order(settings.images)]
    of_all = result_names(images)
    names = [of_all[number] for number in settings.numbers]
    output = plan_output(
        settings.out,
        Named(names),
        scale=settings.scale,
        force=settings.force,
        sheet=settings,
        report=console.print,
    )
    if output.form != "folder" and output.target.resolve() in {path.resolve() for path in images}:
        raise UsageError(f"{output.target} is one of the images: name another file with -o")
    loaded = open_model(settings.model, settings.device, project.runs, console.print)
    output = replace(output, frames=loaded.card.frame_names)
    parse_labels(settings.label, loaded.card.label_names, loaded.path)
    making = reconstructions(
        loaded,
        [(number, images[number]) for number in settings.numbers],
        settings.label,
        seed=settings.seed,
        level=settings.level,
        strict=settings.strict,
    )
    made = list(watched(making, len(settings.numbers), "reconstructing", console))
    if not made:
        return [], []
    named = zip(output.series.names(), made, strict=True)
    return made, list(output.write((name, each.strip(), each.palette) for name, each in named))


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
