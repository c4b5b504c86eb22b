"""Given frames: pictures, clips and sheets laid on the frames of a clip that they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bools, IndexMaps, Rgba
from pxgen.canvas import Canvas
from pxgen.config.options import Image, named_frames
from pxgen.errors import InputError, Remark, UsageError
from pxgen.frames import described_frames, views_of
from pxgen.ingest.fit_to_model import Target, entries_of, mask_of, rgba_of
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.layout import misfit, padded
from pxgen.ingest.scale import enlargement
from pxgen.names import some
from pxgen.palette import Palette

Recolor = Callable[[IndexedSprite, Bools], NDArray[np.intp]]
"""An entry for each visible colour of ``(T, H, W)`` pixels, of which some are known."""


class GivenClip(NamedTuple):
    """A clip of which some frames are given."""

    pixels: IndexMaps
    """``(T, H, W) uint8``, transparent where nothing is given."""
    known: Bools
    """``(T,)``: the given frames."""
    snapped: int
    """Pixels whose colour the palette lacks, drawn in the nearest one."""
    palette: Palette
    """The model's, or with colours of the given frames."""


class ClipFrames(NamedTuple):
    """The frames of a model's clips."""

    target: Target
    names: tuple[str, ...]
    """Of each frame; empty where they have none."""

    def given(
        self,
        images: Sequence[Image],
        keep: int | None = None,
        *,
        recolor: Recolor | None = None,
        hidden: Bools | None = None,
    ) -> GivenClip:
        """The frames that images are, of each the first ``keep``.

        ``FRAMES=FILE`` names them: views, frames, numbers, ranges of these. Other images are all
        frames in order, a sheet of a view a row or column, or the first frames. Cells of a sheet
        without a visible pixel are not given. With ``recolor`` colours take the place of entries,
        but for those of ``hidden`` pixels, ``(T, H, W)``, which are drawn anew.

        Raises:
            UsageError: a frame that the clips do not have, or that is given twice.
            InputError: an image is unreadable or does not fit.
        """
        T, H, W = self.target.canvas
        board, known = np.zeros((T, H, W, 4), np.uint8), np.zeros(T, np.bool_)
        for image in images:
            wanted, source = named_frames(image)
            cells = list(self._frames(source, wanted, keep))
            if not any(cell[..., 3].any() for _, cell in cells):
                raise InputError(
                    f"{image}: no frame with a visible pixel: leave out what is to be drawn"
                )
            for frame, cell in cells:
                if known[frame]:
                    raise UsageError(f"--given {image}: frame {self._name(frame)} is given twice")
                known[frame], board[frame] = True, cell
        if recolor is not None:
            seen = np.broadcast_to(known[:, None, None], (T, H, W))
            seen = seen if hidden is None else seen & ~hidden
            board[~seen] = 0
            sprite = IndexedSprite.of(board)
            try:
                entries = recolor(sprite, seen)
            except InputError as error:
                raise InputError(f"{given_text(images)}: {error}") from None
            pixels, palette = recolored(self.target.palette, sprite, entries)
            return GivenClip(pixels, known, 0, palette)
        pixels = np.zeros(self.target.canvas, np.uint8)
        pixels[known], snapped, palette = entries_of(
            given_text(images), IndexedSprite.of(board[known]), self.target
        )
        return GivenClip(pixels, known, snapped, palette)

    def mask(self, image: Image, remark: Remark, *, may_be_empty: bool = False) -> Bools:
        """``(T, H, W)``: a mask of each frame, in a sheet or in frames, or one for all.

        Raises:
            InputError: as :func:`mask_of` has it.
        """
        (T, H, W), rgba = self.target.canvas, rgba_of(image)
        size = rgba.shape[1:3]
        for rows, columns in self._layouts() if T > 1 and len(rgba) == 1 else ():
            factor = size[0] // (rows * H)
            if not factor or size != (factor * rows * H, factor * columns * W):
                continue
            if rows == columns:
                remark(
                    f"{image} is read as a sheet of masks: one for all frames is saved as {W}x{H}"
                )
            # Drawn over an enlarged sheet.
            sheet = rgba[0, factor // 2 :: factor, factor // 2 :: factor]
            cells = _cells(sheet, H, W).reshape(-1, H, W, 4)
            by_frame = dict(zip(self._order(rows, columns), cells, strict=True))
            rgba = np.stack([by_frame[frame] for frame in range(T)])
            break
        return mask_of(image, rgba, self.target.canvas, remark, may_be_empty=may_be_empty)

    def numbers(self, text: str) -> list[int]:
        """The frames that ``front``, ``down/2``, ``0``, ``0-3`` or ``left,up/0-1`` name.

        Raises:
            UsageError: one that there is not.
        """
        return [number for part in text.split(",") for number in self._numbers(part.strip())]

    def _numbers(self, part: str) -> Sequence[int]:
        if part in self.names:
            return [self.names.index(part)]
        views = views_of(self.names)
        if part in views and part:
            return views[part]
        view, slash, steps = part.rpartition("/")
        among = views.get(view, ()) if slash else tuple(range(self.target.canvas.frames))
        match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", steps)
        if match:
            first, last = int(match[1]), int(match[2] or match[1])
            if first <= last < len(among):
                return among[first : last + 1]
        has = some(described_frames(self.names)) or f"0-{self.target.canvas.frames - 1}"
        raise UsageError(
            f"--given {part}=...: the model's clips have no such frame; they have {has}"
        )

    def _name(self, frame: int) -> str:
        return self.names[frame] if self.names else str(frame)

    def _frames(
        self, image: Image, wanted: str | None, keep: int | None
    ) -> Iterator[tuple[int, Rgba]]:
        """Numbers of frames and their ``(H, W, 4)`` pixels."""
        order: Sequence[int | None] = range(self.target.canvas.frames)
        rgba = self._reduced(rgba_of(image))
        grid = self._grid(rgba)
        if grid is None:
            cells, told = self._placed(image, rgba), f"{len(rgba)} frames"
        else:
            rows, columns = grid.shape[:2]
            cells, told = grid.reshape(-1, *grid.shape[2:]), f"{rows} rows of {columns} cells"
            order = self._order(rows, columns)
        if wanted is not None:
            order = self.numbers(wanted)
            if len(cells) < len(order) and wanted not in views_of(self.names):
                raise UsageError(
                    f"--given {wanted}={image}: {len(order)} frames are named and {len(cells)} "
                    "given: name as many"
                )
        if keep is not None and keep > len(cells):
            raise InputError(f"{image}: {told}, fewer than the {keep} to keep")
        for frame, cell in zip_longest(order, cells[:keep]):
            if cell is None or (grid is not None and not cell[..., 3].any()):
                continue
            if frame is None:
                _, H, W = self.target.canvas
                whole = "" if grid is None else f"; one frame is saved as {W}x{H}"
                raise InputError(
                    f"{image}: {told} are more than the {len(order)} that the model's clips have "
                    f"there: --keep N takes the first of them{whole}"
                )
            yield frame, cell

    def _grid(self, rgba: Rgba) -> Rgba | None:
        """``(rows, columns, H, W, 4)`` cells of a sheet; None of what is none."""
        _, H, W = self.target.canvas
        height, width = rgba.shape[1:3]
        whole = height % H == 0 and width % W == 0
        if len(rgba) > 1 or not whole or (height, width) == (H, W):
            return None
        return _cells(rgba[0], H, W)

    def _reduced(self, rgba: Rgba) -> Rgba:
        """Frames, or a sheet, without their enlargement where cells have the canvas's size then.

        They are rather one frame than a whole sheet, and rather that than some of its cells.
        """
        _, H, W = self.target.canvas
        height, width = size = rgba.shape[1:3]
        if height % H or width % W or size == (H, W):
            return rgba
        most = enlargement(IndexedSprite.of(rgba).indices)
        for rows, columns in [(1, 1)] if len(rgba) > 1 else [(1, 1), *self._layouts()]:
            factor = height // (rows * H)
            if factor and not most % factor and size == (factor * rows * H, factor * columns * W):
                return rgba[:, ::factor, ::factor]
        factors = (k for k in range(most, 1, -1) if not (most % k or height % (k * H)))
        factor = next((k for k in factors if not width % (k * W) and len(rgba) == 1), 1)
        return rgba[:, ::factor, ::factor]

    def _layouts(self) -> list[tuple[int, int]]:
        """Rows and columns of a whole sheet: views in rows, and in columns."""
        views = list(views_of(self.names).values()) or [tuple(range(self.target.canvas.frames))]
        shape = len(views), max(map(len, views))
        return [shape, shape[::-1]]

    def _order(self, rows: int, columns: int) -> Sequence[int | None]:
        """The frame of each cell of a sheet: views are rows, or columns, where they fit."""
        views = list(views_of(self.names).values())
        longest = max(map(len, views), default=0)
        whole = [[*numbers, *[None] * (longest - len(numbers))] for numbers in views]
        if rows != columns and (columns, rows) == (len(views), longest):
            whole = [list(row) for row in zip(*whole, strict=True)]
        if (len(whole), len(whole[0]) if whole else 0) != (rows, columns):
            return range(self.target.canvas.frames)
        return [frame for row in whole for frame in row]

    def _placed(self, image: Image, rgba: Rgba) -> Rgba:
        """``(t, H, W, 4)`` frames on the canvas.

        Raises:
            InputError: they are larger than the canvas.
        """
        _, H, W = self.target.canvas
        size = Canvas(*rgba.shape[:3])
        if reason := misfit(size, self.target.canvas._replace(frames=size.frames)):
            raise InputError(f"{image}: {reason} of the model: crop it, or draw it smaller")
        # An empty frame beside makes them as large as the canvas.
        return padded([rgba, np.zeros((1, H, W, 4), np.uint8)], self.target.anchor)[:-1]


def _cells(sheet: Rgba, height: int, width: int) -> Rgba:
    """``(H, W, 4)`` as ``(rows, columns, height, width, 4)``."""
    rows, columns = sheet.shape[0] // height, sheet.shape[1] // width
    return np.asarray(sheet.reshape(rows, height, columns, width, 4).swapaxes(1, 2))


def given_text(images: Sequence[Image]) -> str:
    """Given images as messages name them."""
    return str(images[0]) if len(images) == 1 else f"the {len(images)} given images"


def recolored(
    palette: Palette, sprite: IndexedSprite, entries: NDArray[np.intp]
) -> tuple[IndexMaps, Palette]:
    """A sprite in entries that stand for its visible colours, and the palette that has them."""
    table, rows = np.zeros(len(sprite.colors), np.uint8), palette.rgba.copy()
    table[sprite.colors != 0] = entries
    rows[entries] = sprite.visible
    return table[sprite.indices], Palette(rows, "given")
