"""Edits as a model takes them: images, masks, tiles, locks and larger canvases."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import IndexMaps
from pxgen.canvas import Canvas
from pxgen.checkpoint.store import Loaded
from pxgen.config.options import Image, parse_size
from pxgen.config.sample_settings import GIVEN, PictureSettings
from pxgen.errors import Remark, UsageError
from pxgen.models.protocol import SamplingParams
from pxgen.palette import Palette
from pxgen.palette.library import find_palette
from pxgen.palette.oklab import nearest

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
    _check(edits)
    canvas = loaded.card.canvas
    if edits.canvas:
        canvas = Canvas(canvas.frames, *parse_size(edits.canvas))
        if canvas.height * canvas.width > MAX_CANVAS_PIXELS:
            raise UsageError(f"--canvas {edits.canvas}: more than {MAX_CANVAS_PIXELS} pixels")
        sampling = replace(sampling, canvas=canvas)
    if edits.tile:
        sampling = replace(sampling, tile=("y" in edits.tile, "x" in edits.tile))
    if edits.lock:
        sampling = locked(edits.lock, sampling, loaded, remark)
    if edits.init is None:
        return (sampling,), None
    # Pillow loads with it, and most sampling starts from nothing.
    from pxgen.ingest.fit_to_model import fit_mask

    kept, around, own = _start(edits.init, edits, loaded, canvas, remark)
    mask = around
    if edits.mask:
        mask = fit_mask(edits.mask, canvas, remark)
        mask = mask if around is None or edits.canvas else mask | around
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
    check_lock(loaded)
    wanted = find_palette(palette)
    lock = allowed(loaded.card.palette, wanted)
    left = int(lock.sum()) - 1
    if left < len(wanted) - 1:
        remark(
            f"--lock {palette}: its {len(wanted) - 1} colours are nearest to {left} of the "
            "model's; --palette draws with all entries and then in these colours"
        )
    return replace(sampling, lock=lock.to(loaded.device))


def check_lock(loaded: Loaded) -> None:
    """Refuse a lock on colours where there is no palette for all.

    Raises:
        UsageError: the model's sprites have palettes of their own.
    """
    if loaded.palettes is not None:
        raise UsageError(
            "--lock needs one palette for all: this model's sprites have their own; take --palette"
        )


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
    image: Image,
    edits: PictureSettings,
    loaded: Loaded,
    canvas: Canvas,
    remark: Remark,
) -> tuple[IndexMaps, NDArray[np.bool_] | None, Palette]:
    """``(T, H, W)`` indices to start from, what is to be drawn if no mask tells, and colours."""
    from pxgen.ingest.fit_to_model import Fitted, Target, fit_image, lay_image, snapped_remark
    from pxgen.ingest.given import ClipFrames
    from pxgen.sampling.roles import entries_by_role

    onto = Target.of(loaded)._replace(canvas=canvas)
    around = None
    recolor = edits.palette == GIVEN and loaded.palettes is None
    if recolor and edits.canvas:
        raise UsageError(f"--palette {GIVEN} reads whole sprites: leave --canvas out")
    if edits.canvas:
        fitted, outside = lay_image(image, onto, _corner(edits.at))
        around = outside if outside.any() else None
    elif recolor or (canvas.frames > 1 and not edits.strength):
        # A frame of a clip is given as it is, and the others are drawn.
        plain = np.zeros(len(loaded.card.label_names), np.float32)
        by_role = partial(entries_by_role, loaded, labels=plain) if recolor else None
        clip = ClipFrames(onto, loaded.card.frame_names).given([image], recolor=by_role)
        if edits.strength and not clip.known.all():
            raise UsageError(f"--strength with --palette {GIVEN} changes whole clips: give one")
        fitted = Fitted(clip.pixels, clip.snapped, clip.palette)
        if not clip.known.all():
            around = np.broadcast_to(~clip.known[:, None, None], canvas).copy()
    else:
        fitted = fit_image(image, onto)
    if fitted.snapped:
        kept = "" if edits.canvas else f"; --palette {GIVEN} keeps them"
        remark(f"{snapped_remark(image, fitted.snapped)}{kept}")
    return fitted.pixels, around, fitted.palette


def _check(edits: PictureSettings) -> None:
    if edits.palette == GIVEN and edits.init is None:
        raise UsageError(f"--palette {GIVEN} takes the colours of a picture: give it with --init")
    needs_image = {"--strength": bool(edits.strength), "--mask": bool(edits.mask)}
    for flag, wanted in needs_image.items():
        if wanted and edits.init is None:
            raise UsageError(f"{flag} needs an image to start from: give it with --init")
    if edits.at and not (edits.init and edits.canvas):
        raise UsageError("--at says where --init lies on --canvas: give both")


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
