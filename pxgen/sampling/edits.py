"""Edits as a model takes them: images, masks, tiles, locks and larger canvases."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import Bools, IndexMaps
from pxgen.canvas import Canvas
from pxgen.checkpoint.store import Loaded
from pxgen.config.options import Image, parse_size
from pxgen.config.sample_checks import check_edits
from pxgen.config.sample_settings import GIVEN, PictureSettings
from pxgen.errors import Remark, UsageError
from pxgen.models.protocol import SamplingParams
from pxgen.palette import Palette
from pxgen.palette.library import find_palette
from pxgen.palette.oklab import nearest

if TYPE_CHECKING:
    from pxgen.ingest.fit_to_model import Fitted

MAX_CANVAS_PIXELS = 512 * 512
"""Pixels of a canvas that is drawn on in one piece."""
DEFAULT_STRENGTH = 0.8
"""Strength of an edit of a whole image unless told otherwise."""


def edited_params(
    edits: PictureSettings,
    sampling: SamplingParams,
    loaded: Loaded,
    remark: Remark,
) -> tuple[tuple[SamplingParams, ...], Palette | None]:
    """Sampling options, once for each strength; and the image's own palette if it keeps one.

    ``sampling`` has steps, sampler and the like; ``remark`` is told what the image lost.

    Raises:
        UsageError: options that do not go together.
        InputError: an image is rejected.
    """
    check_edits(edits)
    canvas = loaded.card.canvas
    if edits.canvas:
        canvas = Canvas(canvas.frames, *parse_size(edits.canvas))
        if canvas.height * canvas.width > MAX_CANVAS_PIXELS:
            raise UsageError(f"--canvas {edits.canvas}: more than {MAX_CANVAS_PIXELS} pixels")
        sampling = replace(sampling, canvas=canvas)
    if edits.tile:
        sampling = replace(sampling, tile=("y" in edits.tile, "x" in edits.tile))
    if edits.lock and edits.lock != GIVEN:
        sampling = locked(edits.lock, sampling, loaded, remark)
    if edits.init is None:
        return (sampling,), None
    # Pillow loads with it, and most sampling starts from nothing.
    from pxgen.ingest.fit_to_model import Target
    from pxgen.ingest.given import ClipFrames

    onto = Target.of(loaded)._replace(canvas=canvas)
    frames = ClipFrames(onto, loaded.card.frame_names)
    mask = frames.mask(edits.mask, remark) if edits.mask else None
    kept, around, own = _start(edits.init, edits, loaded, mask, remark)
    if around is not None and not (edits.canvas and edits.mask):
        mask = around if mask is None else mask | around
    if edits.lock == GIVEN:
        sampling = locked_to(kept, sampling, loaded)
    if sampling.lock is not None:
        # What is kept of an image on purpose stays; the rest is no exception from the lock.
        nearby = _locked(kept, sampling.lock.cpu().numpy(), loaded.card.palette)
        kept = nearby if mask is None else np.where(mask, nearby, kept)
    sampling = replace(sampling, init=torch.from_numpy(kept).to(loaded.device))
    if mask is not None:
        sampling = replace(sampling, mask=torch.from_numpy(mask).to(loaded.device))
    strengths = edits.strength or ((DEFAULT_STRENGTH,) if mask is None else (1.0,))
    samplings = tuple(replace(sampling, strength=strength) for strength in strengths)
    return samplings, own if loaded.palettes is not None or edits.palette == GIVEN else None


def locked(
    palette: str, sampling: SamplingParams, loaded: Loaded, remark: Remark
) -> SamplingParams:
    """Sampling options that draw only with the colours nearest to a palette's.

    Raises:
        UsageError: no such palette, or the model's sprites have palettes of their own.
    """
    _check_lock(loaded)
    wanted = find_palette(palette)
    lock = allowed(loaded.card.palette, wanted)
    left = int(lock.sum()) - 1
    if left < len(wanted) - 1:
        remark(
            f"--lock {palette}: its {len(wanted) - 1} colours are nearest to {left} of the "
            "model's; --palette draws with all entries and then in these colours"
        )
    return replace(sampling, lock=lock.to(loaded.device))


def _check_lock(loaded: Loaded) -> None:
    """Refuse a lock on colours where there is no palette for all.

    Raises:
        UsageError: the model's sprites have palettes of their own.
    """
    if loaded.palettes is not None:
        raise UsageError(
            "--lock needs one palette for all: this model's sprites have their own; take --palette"
        )


def locked_to(pixels: IndexMaps, sampling: SamplingParams, loaded: Loaded) -> SamplingParams:
    """Sampling options that draw only with the entries of some pixels.

    Raises:
        UsageError: the model's sprites have palettes of their own.
    """
    _check_lock(loaded)
    lock = torch.zeros(len(loaded.card.palette), dtype=torch.bool, device=loaded.device)
    lock[[0, *np.unique(pixels)]] = True
    return replace(sampling, lock=lock)


def allowed(own: Palette, wanted: Palette) -> torch.Tensor:
    """``(K,) bool``: the entries nearest to the wanted colours, and transparent."""
    lock = torch.zeros(len(own), dtype=torch.bool)
    lock[torch.from_numpy(nearest(own, np.array(wanted.rows, np.uint8)).astype(np.int64))] = True
    lock[0] = True
    return lock


def _locked(pixels: IndexMaps, lock: NDArray[np.bool_], own: Palette) -> IndexMaps:
    """``(T, H, W)`` indices with each entry that is not allowed as the nearest that is."""
    rows = np.array(own.rows, np.uint8)
    entries = np.flatnonzero(lock)
    few = Palette.of([tuple(row) for row in rows[entries[1:]].tolist()], "allowed")
    table = entries[nearest(few, rows)].astype(np.uint8)
    table[entries] = entries
    return np.asarray(table[pixels], np.uint8)


def _start(
    image: Image, edits: PictureSettings, loaded: Loaded, mask: Bools | None, remark: Remark
) -> tuple[IndexMaps, Bools | None, Palette]:
    """``(T, H, W)`` indices to start from, what is to be drawn if no mask tells, and colours."""
    from pxgen.ingest.fit_to_model import Target, fit_image, lay_image, snapped_remark

    onto, around, hint = Target.of(loaded), None, f"; --palette {GIVEN} keeps them"
    if edits.canvas:
        onto = onto._replace(canvas=Canvas(onto.canvas.frames, *parse_size(edits.canvas)))
        fitted, outside = lay_image(image, onto, _corner(edits.at))
        around, hint = outside if outside.any() else None, ""
    elif onto.canvas.frames > 1 and (edits.palette == GIVEN or not edits.strength):
        fitted, around = _frames(image, edits, loaded, mask)
    else:
        fitted = fit_image(image, onto)
        (_, height, width), canvas = fitted.size, onto.canvas
        if (height, width) != canvas[1:]:
            ground = ", at the bottom," if onto.anchor == "bottom" else ""
            remark(
                f"{image}, {width}x{height}, stands in the middle{ground} of the model's canvas of "
                f"{canvas.width}x{canvas.height}"
            )
        if edits.palette == GIVEN and fitted.pixels.any():
            fitted, _ = _frames(image, edits, loaded, mask)
        hint = hint if onto.canvas.frames == 1 else ""
    if fitted.snapped:
        remark(f"{snapped_remark(image, fitted.snapped)}{hint}")
    return fitted.pixels, around, fitted.palette


def _frames(
    image: Image, edits: PictureSettings, loaded: Loaded, mask: Bools | None
) -> tuple[Fitted, Bools | None]:
    """The frames that an image is, as they are, and the pixels of the others, to be drawn."""
    from pxgen.ingest.fit_to_model import Fitted, Target
    from pxgen.ingest.given import ClipFrames
    from pxgen.sampling.roles import entries_by_role

    by_role = None
    if edits.palette == GIVEN and loaded.palettes is None:
        unasked = np.zeros(len(loaded.card.label_names), np.float32)
        by_role = partial(entries_by_role, loaded, labels=unasked)
    # Of what is drawn anew nothing stays, else some of it.
    hidden = mask if all(strength == 1 for strength in edits.strength) else None
    frames = ClipFrames(Target.of(loaded), loaded.card.frame_names)
    clip = frames.given([image], recolor=by_role, hidden=hidden)
    fitted = Fitted(clip.pixels, clip.snapped, clip.palette, loaded.card.canvas)
    if clip.known.all():
        return fitted, None
    if edits.strength:
        raise UsageError(f"--strength with --palette {GIVEN} changes whole clips: give one")
    return fitted, np.broadcast_to(~clip.known[:, None, None], clip.pixels.shape).copy()


def _corner(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4}),(\d{1,4})", text.strip())
    if not match:
        raise UsageError(f"--at '{text}' is no place: write left,top in pixels, such as 8,0")
    return int(match[1]), int(match[2])


def completing(
    pixels: IndexMaps, known: NDArray[np.bool_], sampling: SamplingParams, loaded: Loaded
) -> SamplingParams:
    """Sampling options that draw the rest of ``(T, H, W)`` pixels, some of them known.

    Raises:
        UsageError: the model cannot, or goes on with first frames alone.
    """
    takes, clip = loaded.model.takes, torch.from_numpy(pixels).to(loaded.device)
    if "mask" in takes:
        unknown = torch.from_numpy(~known).to(loaded.device)
        return replace(sampling, init=clip, mask=unknown)
    if "prefix" not in takes:
        raise UsageError("this model cannot go on with a clip: leave --given out")
    whole = np.asarray(known.all((1, 2)))
    count = int(whole.sum())
    if not whole[:count].all() or known[count:].any():
        raise UsageError("this model goes on with the first frames of a clip: give those, whole")
    return replace(sampling, prefix=clip[:count])
