"""Which options of drawing go together, told before a model is loaded."""

from __future__ import annotations

from pxgen.config.requests import AnimateSettings, ClipSettings
from pxgen.config.sample_settings import GIVEN, PictureSettings, SampleSettings
from pxgen.errors import UsageError


def check_together(settings: SampleSettings | AnimateSettings) -> None:
    """Refuse options that contradict each other, or need one that is not there.

    Raises:
        UsageError: options that do not go together.
    """
    if isinstance(settings, SampleSettings):
        check_edits(settings)
    else:
        check_given(settings)


def check_edits(edits: PictureSettings) -> None:
    """Refuse what does not go together in what ``sample`` starts from."""
    _check_lock(edits)
    if GIVEN in {edits.palette, edits.lock} and edits.init is None:
        flag = "--palette" if edits.palette == GIVEN else "--lock"
        raise UsageError(f"{flag} {GIVEN} takes the colours of a picture: give it with --init")
    if edits.palette == GIVEN and edits.canvas:
        raise UsageError(f"--palette {GIVEN} reads whole sprites: leave --canvas out")
    needs_image = {"--strength": bool(edits.strength), "--mask": bool(edits.mask)}
    for flag, wanted in needs_image.items():
        if wanted and edits.init is None:
            raise UsageError(f"{flag} needs an image to start from: give it with --init")
    if edits.at and not (edits.init and edits.canvas):
        raise UsageError("--at says where --init lies on --canvas: give both")


def check_given(clip: ClipSettings) -> None:
    """Refuse what does not go together in what ``animate`` is given."""
    _check_lock(clip)
    for flag, value in (("--palette", clip.palette), ("--lock", clip.lock)):
        if value == GIVEN and not clip.given:
            raise UsageError(f"{flag} {GIVEN} takes the colours of given pictures: add --given")


def _check_lock(settings: PictureSettings | ClipSettings) -> None:
    if settings.palette == GIVEN and settings.lock not in {None, GIVEN}:
        raise UsageError(
            f"--lock {settings.lock} holds to the model's colours, and --palette {GIVEN} shows the "
            f"picture's: leave one out, or take --lock {GIVEN}"
        )
