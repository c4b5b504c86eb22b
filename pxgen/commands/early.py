"""What is wrong with a request to draw and can be told before torch loads, which takes seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pxgen.checkpoint.card import checkpoint_file, read_card
from pxgen.checkpoint.runs import CLIPS, FIGURES, STARTER, choose_model, model_name, told
from pxgen.config.options import named_frames
from pxgen.config.project import Project
from pxgen.config.requests import AnimateSettings
from pxgen.config.sample_checks import check_together
from pxgen.config.sample_settings import GIVEN, SampleSettings
from pxgen.data.labels import parse_labels
from pxgen.errors import InputError, PxgenError, UsageError, unsaid
from pxgen.palette.library import find_palette
from pxgen.render.outputs import Series, plan_output


def default_starter(settings: SampleSettings | AnimateSettings) -> Path:
    """The starter: of stills; to animate, of figures where frames have names, else of loops."""
    if isinstance(settings, SampleSettings):
        return STARTER
    # Loops have a length of their own, and frames without names.
    if settings.given and any(named_frames(image)[0] is not None for image in settings.given):
        return FIGURES
    return CLIPS if settings.frames is None else STARTER


def check_early(settings: SampleSettings | AnimateSettings, project: Project) -> None:
    """Check options, model, labels and palette, and only then whether files are in the way.

    Raises:
        UsageError: options that do not go together, an unknown label or palette, or an output
            that is taken.
        InputError: the model is missing or malformed.
    """
    check_together(settings)
    starter = default_starter(settings)
    model = choose_model(settings.model, project.runs, unsaid, starter)
    try:
        parse_labels(settings.label, read_card(model)[0].label_names, told(checkpoint_file(model)))
    except UsageError as error:
        if settings.model is None and model != starter and _has_labels(starter, settings.label):
            has = "has it" if len(settings.label) == 1 else "has them"
            raise UsageError(f"{error}; -m {model_name(starter)} {has}") from None
        raise
    _check_images(settings)
    if settings.palette not in {None, GIVEN}:
        find_palette(settings.palette)
    if settings.sampler is None:
        # Which samplers there are, the model itself knows.
        force = settings.force or settings.skip_existing
        plan_output(settings.out, Series(settings, settings.numbers), force=force, sheet=settings)


def refuse_missing(file: Path) -> None:
    """Refuse a file to read that is not there; ``-`` is standard input.

    Raises:
        InputError: nothing has its name.
    """
    if file != Path("-") and not file.exists():
        raise InputError(f"{file}: No such file or directory")


def _has_labels(model: Path, labels: Sequence[str]) -> bool:
    try:
        parse_labels(labels, read_card(model)[0].label_names)
    except PxgenError:
        return False
    return True


def _check_images(settings: SampleSettings | AnimateSettings) -> None:
    """Refuse images that are not there."""
    images = [settings.mask]
    if isinstance(settings, SampleSettings):
        images.append(settings.init)
    else:
        images += [named_frames(image)[1] for image in settings.given]
    for image in images:
        if isinstance(image, Path):
            refuse_missing(image)
