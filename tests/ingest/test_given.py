"""Given frames: which of a clip's they are, where they lie, and in which colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pxgen.canvas import Canvas
from pxgen.config.options import ImageArray
from pxgen.errors import InputError, UsageError, unsaid
from pxgen.ingest.fit_to_model import Target
from pxgen.ingest.given import ClipFrames
from pxgen.ingest.indexed import IndexedSprite
from pxgen.palette import Palette
from pxgen.palette.oklab import distinct_entries

H, W = 6, 4
PALETTE = Palette.of([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)])
WALK = ("down/0", "down/1", "left/0", "left/1", "up/0", "up/1")


def frames_of(names: tuple[str, ...] = WALK, count: int | None = None) -> ClipFrames:
    return ClipFrames(Target(Canvas(count or len(names), H, W), PALETTE), names)


def cell(entry: int) -> np.ndarray:
    """A frame of one colour with a clear border above."""
    pixels = np.zeros((H, W), np.uint8)
    pixels[1:] = entry
    return PALETTE.colors(pixels)


def save(path: Path, rgba: np.ndarray) -> Path:
    Image.fromarray(rgba).save(path)
    return path


def alike(sprite: IndexedSprite, known: np.ndarray) -> np.ndarray:
    """Entries that look like a sprite's colours."""
    assert known.shape == sprite.indices.shape
    assert not (sprite.colors[sprite.indices] != 0)[~known].any()
    return distinct_entries(PALETTE, sprite.visible)


def shown(clip: np.ndarray) -> list[int]:
    """The colour of each frame."""
    return [int(frame.max()) for frame in clip]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("down", [0, 1]),
        ("left/1", [3]),
        ("3", [3]),
        ("0-2", [0, 1, 2]),
        ("up/0-1", [4, 5]),
        ("up, down/1", [4, 5, 1]),
    ],
)
def test_frames_are_meant_by_views_names_numbers_and_ranges(text: str, numbers: list[int]) -> None:
    assert [*frames_of().numbers(text)] == numbers


@pytest.mark.parametrize("text", ["front", "down/2", "6", "2-1", "0-6", ""])
def test_frames_that_there_are_not_are_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="no such frame; they have down/0-1, left/0-1, up/0-1"):
        frames_of().numbers(text)
    with pytest.raises(UsageError, match="they have 0-3"):
        frames_of((), 4).numbers("4")


def test_a_picture_of_a_view_is_its_first_frame(tmp_path: Path) -> None:
    path = save(tmp_path / "hero.png", cell(2))
    clip = frames_of().given([Path(f"left={path}")])
    assert clip.known.tolist() == [False, False, True, False, False, False]
    assert shown(clip.pixels) == [0, 0, 2, 0, 0, 0]


def test_pictures_fill_frames_of_their_own_and_none_twice(tmp_path: Path) -> None:
    a, b = save(tmp_path / "a.png", cell(1)), save(tmp_path / "b=c.png", cell(2))
    clip = frames_of().given([Path(f"up/1={a}"), Path(f"0={b}")])
    assert shown(clip.pixels) == [2, 0, 0, 0, 0, 1]
    # A file whose own name bears the sign is that file.
    assert shown(frames_of().given([b]).pixels)[0] == 2
    with pytest.raises(UsageError, match="frame down/0 is given twice"):
        frames_of().given([a, Path(f"0={b}")])


def test_a_clip_is_the_first_frames_or_those_that_are_named(tmp_path: Path) -> None:
    frames = [Image.fromarray(cell(entry)) for entry in (1, 2)]
    path = tmp_path / "walk.png"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert shown(frames_of().given([path]).pixels) == [1, 2, 0, 0, 0, 0]
    assert shown(frames_of().given([Path(f"left={path}")]).pixels) == [0, 0, 1, 2, 0, 0]
    assert shown(frames_of().given([path], keep=1).pixels) == [1, 0, 0, 0, 0, 0]
    with pytest.raises(InputError, match="2 frames are more than the 1 that the model"):
        frames_of().given([Path(f"left/1={path}")])
    with pytest.raises(InputError, match="2 frames, fewer than the 3 to keep"):
        frames_of().given([path], keep=3)


def sheet(rows: list[list[int]]) -> np.ndarray:
    return np.concatenate([np.concatenate([cell(k) for k in row], 1) for row in rows])


def test_views_are_rows_of_a_sheet_or_columns_and_blank_cells_are_not_given() -> None:
    rows = [[1, 0], [2, 3], [0, 4]]
    for image in (sheet(rows), sheet([list(column) for column in zip(*rows, strict=True)])):
        clip = frames_of().given([ImageArray(image[None])])
        assert shown(clip.pixels) == [1, 0, 2, 3, 0, 4]
        assert clip.known.tolist() == [True, False, True, True, False, True]


def test_rows_of_a_sheet_may_differ_in_length() -> None:
    names = ("down/0", "left/0", "left/1")
    assert shown(frames_of(names).given([ImageArray(sheet([[1, 0], [2, 3]])[None])]).pixels) == [
        1,
        2,
        3,
    ]
    with pytest.raises(InputError, match="2 rows of 2 cells are more"):
        frames_of(names).given([ImageArray(sheet([[1, 4], [2, 3]])[None])])


def test_frames_without_names_are_cells_in_reading_order() -> None:
    clip = frames_of((), 4).given([ImageArray(sheet([[1, 2], [0, 3]])[None])])
    assert shown(clip.pixels) == [1, 2, 0, 3]


def test_a_square_sheet_has_its_views_in_rows() -> None:
    names = ("down/0", "down/1", "left/0", "left/1")
    clip = frames_of(names).given([ImageArray(sheet([[1, 2], [3, 4]])[None])])
    assert shown(clip.pixels) == [1, 2, 3, 4]


def test_an_enlarged_picture_is_one_frame_and_a_smaller_one_stands_on_the_ground() -> None:
    pixels = cell(2)
    pixels[3, 1] = PALETTE.rgba[1]
    large = pixels.repeat(2, 0).repeat(2, 1)
    clip = frames_of().given([ImageArray(large[None])])
    assert clip.known.sum() == 1
    assert clip.pixels[0, 3, 1] == 1
    small = frames_of().given([ImageArray(cell(3)[None, 3:, 1:3])])
    assert (small.pixels[0, 3:, 1:3] == 3).all()
    assert int((small.pixels != 0).sum()) == 6
    with pytest.raises(InputError, match="5x6 is larger than the canvas 4x6"):
        frames_of().given([ImageArray(np.full((1, 6, 5, 4), 255, np.uint8))])


@pytest.mark.parametrize("factor", [2, 3])
def test_an_enlarged_sheet_is_one(factor: int) -> None:
    rows = [[1, 2], [0, 3], [4, 0]]
    large = sheet(rows).repeat(factor, 0).repeat(factor, 1)
    clip = frames_of().given([ImageArray(large[None])])
    assert shown(clip.pixels) == [1, 2, 0, 3, 4, 0]
    row = sheet([[3, 1]]).repeat(factor, 0).repeat(factor, 1)
    assert shown(frames_of().given([ImageArray(row[None], "left")]).pixels) == [0, 0, 3, 1, 0, 0]
    # One that is not of whole squares is told what a frame's size is.
    large[0, 0] = PALETTE.rgba[2]
    with pytest.raises(InputError, match="there: --keep N takes the first of them; one frame is"):
        frames_of().given([ImageArray(large[None])])


def test_fewer_frames_than_are_counted_out_are_refused() -> None:
    for named, count in (("0-2", 3), ("left,up", 4)):
        with pytest.raises(UsageError, match=f"{count} frames are named and 1 given: name as many"):
            frames_of().given([ImageArray(cell(1)[None], named)])
    two = np.stack([cell(1), cell(2)])
    assert frames_of().given([ImageArray(two, "1-2")]).known.tolist() == [0, 1, 1, 0, 0, 0]


def test_a_sheet_of_coarse_drawings_is_whole_rather_than_enlarged() -> None:
    """And what is enlarged to the very size of a sheet is one frame."""
    rows = [[1, 0, 2, 1], [2, 3, 1, 4], [0, 4, 3, 3], [4, 1, 2, 2]]
    drawn = PALETTE.colors(np.kron(np.array(rows), np.ones((H, W), int)).astype(np.uint8))
    sides = frames_of(tuple(f"{view}/{step}" for view in "abcd" for step in range(4)))
    for factor in (1, 2):
        large = drawn.repeat(factor, 0).repeat(factor, 1)
        assert shown(sides.given([ImageArray(large[None])]).pixels) == [
            entry for row in rows for entry in row
        ]
    square = frames_of(("a/0", "a/1", "b/0", "b/1"))
    one = cell(3).repeat(2, 0).repeat(2, 1)
    assert shown(square.given([ImageArray(one[None])]).pixels) == [3, 0, 0, 0]


@pytest.mark.parametrize("factor", [1, 2])
def test_a_sheet_of_boxes_is_no_enlarged_mask(factor: int) -> None:
    names = ("a/0", "a/1", "b/0", "b/1")
    board = np.zeros((2 * H, 2 * W, 4), np.uint8)
    board[H:, :W] = 255
    said: list[str] = []
    large = board.repeat(factor, 0).repeat(factor, 1)
    mask = frames_of(names).mask(ImageArray(large[None]), said.append)
    assert mask.all((1, 2)).tolist() == mask.any((1, 2)).tolist() == [False, False, True, False]
    assert [line.split(" is read as ")[1] for line in said] == [
        "a sheet of masks: one for all frames is saved as 4x6"
    ]


def test_a_mask_is_a_sheet_too() -> None:
    """Each cell is its frame's, and a frame for all is no sheet, however much enlarged."""
    board = np.zeros((3 * H, 2 * W, 4), np.uint8)
    board[H + 2, W + 1] = 255
    mask = frames_of().mask(ImageArray(board[None]), unsaid)
    assert np.argwhere(mask).tolist() == [[WALK.index("left/1"), 2, 1]]
    one = np.zeros((H, W, 4), np.uint8)
    one[2, 1] = 255
    for factor in (1, 2, 4):
        large = one.repeat(factor, 0).repeat(factor, 1)
        mask = frames_of((), 4).mask(ImageArray(large[None]), unsaid)
        assert np.argwhere(mask).tolist() == [[frame, 2, 1] for frame in range(4)]


def test_colours_are_snapped_and_counted_or_become_the_palette() -> None:
    """Each takes an entry of its own, the nearest that is free; the palette's own stay."""
    rgba = cell(1)
    rgba[1:3] = 250, 10, 10, 255
    rgba[3] = 240, 20, 20, 255
    clip = frames_of().given([ImageArray(rgba[None])])
    assert (clip.snapped, shown(clip.pixels)[0]) == (3 * W, 1)
    own = frames_of().given([ImageArray(rgba[None])], recolor=alike)
    assert own.snapped == 0
    assert np.array_equal(own.palette.colors(own.pixels[0]), rgba)
    assert own.palette.rows[1] == PALETTE.rows[1]
    assert len(own.palette) == len(PALETTE)
    many = np.zeros((1, H, W, 4), np.uint8)
    many[0].reshape(-1, 4)[:] = [(10 * k, 5, 5, 255) for k in range(H * W)]
    with pytest.raises(InputError, match="24 colours for a palette of 4"):
        frames_of().given([ImageArray(many)], recolor=alike)


def test_nothing_visible_is_nothing_given() -> None:
    """Not beside others either; but a clip may have a clear frame among others."""
    clear, red = (ImageArray(cell(entry)[None] * (entry > 0), "left/0") for entry in (0, 1))
    beside = ImageArray(cell(1)[None], "down/0")
    with pytest.raises(InputError, match="no frame with a visible pixel: leave out"):
        frames_of().given([beside, clear])
    blinking = ImageArray(np.stack([cell(1), cell(0) * 0]), "left")
    assert frames_of().given([beside, blinking]).known.tolist() == [1, 0, 1, 1, 0, 0]
    assert frames_of().given([beside, red]).known.sum() == 2
    with pytest.raises(InputError, match="no frame with a visible pixel"):
        frames_of((), 2).given([ImageArray(np.zeros((1, H, 2 * W, 4), np.uint8))])
