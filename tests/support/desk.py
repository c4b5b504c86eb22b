"""The files that examples of the documents speak of, each what its name says."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image

from pxgen.builtin import CASTS, PALETTE, generate
from pxgen.cli.app import pxgen

Pixels = NDArray[np.uint8]
VIEWS = ("down", "left", "right", "up")


def characters(count: int, cast: str = "heads", frames: int | None = None) -> Pixels:
    """``(N, T, H, W, 4)`` of the built-in ones."""
    drawn = generate(count, 7, cast=CASTS[cast], frames=frames)
    return PALETTE.colors(np.concatenate([pixels for pixels, _ in drawn]))


def sheet(rows: Pixels) -> Pixels:
    """``(R, C, H, W, 4)`` as one picture."""
    return np.concatenate(np.concatenate(rows.swapaxes(0, 1), 2), 0)


def save(file: Path, rgba: Pixels) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(rgba)).save(file)


def animation(file: Path, frames: Pixels) -> None:
    first, *rest = map(Image.fromarray, frames)
    first.save(file, save_all=True, append_images=rest, duration=120, loop=0, disposal=2)


def walking(number: int) -> Pixels:
    """``(4, 4, H, W, 4)`` of a figure: views and steps."""
    return characters(number + 1, "figures")[number].reshape(4, 4, 24, 16, 4)


def wide(number: int) -> Pixels:
    """The same in cells of 32x48."""
    return np.pad(walking(number), ((0, 0), (0, 0), (24, 0), (8, 8), (0, 0)))


def stills(folder: Path, *names: str) -> None:
    for name, each in zip(names, characters(len(names))[:, 0], strict=True):
        save(folder / f"{name}.png", each)


def sprites(folder: Path) -> None:
    stills(folder, "knight", *(f"{label}/{k}" for label in ("alien", "ghost") for k in range(6)))


def archive(file: Path) -> None:
    sprites(file.with_name("zipped"))
    with zipfile.ZipFile(file, "w") as packed:
        for each in file.with_name("zipped").rglob("*.png"):
            packed.write(each, each.relative_to(file.parent))


def arrays(file: Path) -> None:
    np.save(file, characters(12)[:, 0])


def views(folder: Path) -> None:
    for number in range(3):
        for view, frames in zip(VIEWS, walking(number), strict=True):
            save(folder / f"hero{number}_{view}.png", frames[0])


def walk(file: Path) -> None:
    """Two clips of eight and of five frames, a row each."""
    clips = np.pad(characters(2, frames=8), ((0, 0), (0, 0), (0, 8), (0, 8), (0, 0)))
    clips[1, 5:] = 0
    save(file, sheet(clips[:, :, 4:20, 4:20]))


def tiles(file: Path) -> None:
    """Cells of 16x16 at a distance of two pixels across and one down."""
    cells = characters(12)[:, 0, 4:20, 4:20].reshape(3, 4, 16, 16, 4)
    spaced = np.pad(cells, ((0, 0), (0, 0), (0, 1), (0, 2), (0, 0)))
    save(file, np.pad(sheet(spaced), ((2, 1), (2, 0), (0, 0))))


def unequal(folder: Path) -> None:
    folder.mkdir()
    for number, clip in enumerate(characters(4, frames=8)):
        animation(folder / f"{number}.gif", clip[: 8 - number])


def bought(folder: Path) -> None:
    for number, each in enumerate(characters(8)[:, 0]):
        save(folder / f"{number}.png", np.pad(each, ((20, 20), (20, 20), (0, 0))))


def blank_cells(file: Path) -> None:
    cells = walking(1)
    cells[1:, 1:] = 0
    save(file, sheet(cells))


def layout(height: int, width: int, cell: int) -> Callable[[Path], None]:
    """A sheet of ``height`` by ``width`` cells with a figure in each."""

    def make(file: Path) -> None:
        cells = np.resize(characters(8)[:, 0], (height, width, 24, 24, 4))
        room = cell - 24
        save(file, sheet(np.pad(cells, ((0, 0), (0, 0), (room, 0), (0, room), (0, 0)))))

    return make


def kept(file: Path) -> None:
    """What a page to choose from saves: lines of a manifest."""
    words = f"-q sample -m starter -n 2 --steps 2 --manifest {file} -o {file.with_name('all')}"
    assert CliRunner().invoke(pxgen, words.split()).exit_code == 0


MAKERS: dict[str, Callable[[Path], None]] = {
    "sprites": sprites,
    "sprites.zip": archive,
    "hero.png": lambda file: save(file, walking(0)[0, 0]),
    "mask.png": lambda file: save(file, np.eye(24, dtype=bool)),
    "hat.png": lambda file: save(file, np.eye(24, dtype=bool)),
    "a.png": lambda file: save(file, characters(1)[0, 0]),
    "b.png": lambda file: save(file, characters(2)[1, 0]),
    "c.png": lambda file: save(file, characters(3)[2, 0]),
    "walk.gif": lambda file: animation(file, walking(0)[1]),
    "run.gif": lambda file: animation(file, walking(1)[2]),
    "start.png": lambda file: save(file, walking(0)[0, 0]),
    "end.png": lambda file: save(file, walking(0)[1, 3]),
    "walks.png": lambda file: save(file, sheet(wide(0))),
    "sheet.png": blank_cells,
    "heroes": lambda folder: [save(folder / f"{k}.png", sheet(wide(k))) for k in range(3)],
    "sheets": lambda folder: [save(folder / f"{k}.png", sheet(wide(k)[:, :2])) for k in range(3)],
    "heroes.npy": arrays,
    "classes.npy": lambda file: np.save(file, np.arange(12) % 2),
    "views": views,
    "walk.png": walk,
    "tiles.png": tiles,
    "gifs": unequal,
    "bought": bought,
    "art": lambda folder: stills(folder, *(f"knight_red_{k:02}" for k in range(9))),
    "new": lambda folder: stills(folder, "one", "two"),
    "Actor1.png": layout(8, 12, 32),
    "lpc": lambda folder: layout(21, 13, 64)(folder / "hero.png"),
    "kept.jsonl": kept,
    "gifs.jsonl": lambda file: file.write_text(
        json.dumps({"label": "ghost", "out": "ghost.gif"}) + "\n"
    ),
    "wider.toml": lambda file: file.write_text('[model]\nrecipe = "vae"\nsize = 8\n'),
}
"""How each is made."""
