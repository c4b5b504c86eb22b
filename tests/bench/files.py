"""Reading and writing against the obvious alternatives, and a dataset of a million sprites.

Run as a program, ``python -m tests.bench.files SPRITES DATASET`` measures the alternatives.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.child import program, pxgen, python
from tests.bench.rows import Row

CLIPS, FRAMES, READ, BATCHES, BATCH = 200, 8, 1000, 30, 64
MILLION = 1_000_000
OPEN = """
import sys, time
from pathlib import Path
import torch
from pxgen.data.dataset import open_dataset
from pxgen.data.batches import Examples
began = time.perf_counter()
data = open_dataset(Path(sys.argv[1]))
examples = Examples(data, balance=0.1, flip=False, shift=0)
examples.batch(64, 0, 0, torch.device("cpu"))
print(time.perf_counter() - began)
"""


def rows(folder: Path, sprites: Path, dataset: Path, prepared: float) -> Iterator[Row]:
    """Sprites, clips and batches a second; ``prepare`` read so many sprites a second."""
    speeds = program("files", sprites, dataset, folder=folder)

    def beside(name: str, key: str, other: str, unit: str, note: str) -> Row:
        ours, theirs = speeds[key], speeds[other]
        return Row(name, ours, unit, times=ours / theirs, note=f"{theirs:,.0f} by {note}")

    pillow = speeds["pillow"]
    note = f"{pillow:,.0f} by Pillow into RGBA arrays, without palette, splits or file"
    yield Row("... and its speed", prepared, "sprites/s", times=prepared / pillow, note=note)
    name = f"GIFs of {FRAMES} frames"
    lossy = "which merges frames and loses palette entries"
    yield beside(name, "gif", "gif pillow", "GIFs/s", f"Pillow, {lossy}")
    yield beside("... beside imageio", "gif", "gif imageio", "GIFs/s", "imageio, by way of RGBA")
    name, other = "batches of 64 from the dataset", "a DataLoader of one-hot floats"
    yield beside(name, "batches", "one-hot", "batches/s", other)


def million_rows(folder: Path) -> Iterator[Row]:
    """A million built-in characters: made in bounded memory, opened at once, learnt from."""
    made = pxgen("prepare", "--builtin", "-n", MILLION, "-o", "million", folder=folder)
    yield Row("prepare a million", MILLION / made.seconds, "sprites/s")
    yield Row("prepare a million, peak memory", made.megabytes, "MB", 700)
    opened = python("-c", OPEN, folder / "million", folder=folder)
    yield Row("open a million and draw a batch", float(opened.stdout), "s", 2.0)
    learnt = pxgen("train", "--dataset", "million", "--steps", 20, "-o", "run", folder=folder)
    yield Row("train on a million, peak memory", learnt.megabytes, "MB", 2000)


def _reading(sprites: Path) -> dict[str, float]:
    import numpy as np
    from PIL import Image

    files = list(islice(sorted(sprites.rglob("*.png")), READ))

    def read() -> None:
        for file in files:
            np.asarray(Image.open(file).convert("RGBA"))

    return {"pillow": len(files) / _seconds(read)}


def _gifs(dataset: Path) -> dict[str, float]:
    import imageio.v3 as imageio
    import numpy as np
    from PIL import Image

    from pxgen.data.dataset import open_dataset
    from pxgen.render.gif import encode_gif

    data = open_dataset(dataset)
    palette, chosen = data.palette, np.arange(CLIPS * FRAMES) % len(data)
    maps = data.take(chosen)[0][:, 0].reshape(CLIPS, FRAMES, *data.canvas[1:])
    table = palette.rgba[:, :3].tobytes()

    def ours() -> None:
        for clip in maps:
            encode_gif(clip, palette, 100)

    def by_pillow() -> None:
        for clip in maps:
            images = [Image.fromarray(frame) for frame in clip]
            for image in images:
                image.putpalette(table)
            options: dict[str, Any] = {"save_all": True, "append_images": images[1:]}
            images[0].save(io.BytesIO(), "GIF", duration=100, loop=0, transparency=0, **options)

    def by_imageio() -> None:
        for clip in maps:
            imageio.imwrite("<bytes>", palette.rgba[clip], extension=".gif", duration=100, loop=0)

    ways = {"gif": ours, "gif pillow": by_pillow, "gif imageio": by_imageio}
    return {name: CLIPS / _seconds(way) for name, way in ways.items()}


def _batches(dataset: Path) -> dict[str, float]:
    import numpy as np
    import torch

    from pxgen.data.batches import Examples
    from pxgen.data.dataset import open_dataset

    data = open_dataset(dataset)
    examples = Examples(data, balance=0.1, flip=False, shift=0)
    flat = torch.from_numpy(data.take(np.arange(min(len(data), 2 * BATCH * BATCHES)))[0]).long()
    entries = len(data.palette)

    class OneHot(torch.utils.data.Dataset[torch.Tensor]):
        def __len__(self) -> int:
            return len(flat)

        def __getitem__(self, index: int) -> torch.Tensor:
            return torch.nn.functional.one_hot(flat[index], entries).float()

    def ours() -> None:
        for step in range(BATCHES):
            examples.batch(BATCH, 0, step, torch.device("cpu"))

    def one_hot() -> None:
        loader = torch.utils.data.DataLoader(OneHot(), batch_size=BATCH, shuffle=True)
        for _ in islice(loader, BATCHES):
            pass

    return {"batches": BATCHES / _seconds(ours), "one-hot": BATCHES / _seconds(one_hot)}


def _seconds(work: Callable[[], None]) -> float:
    """The better of two."""
    spent = []
    for _ in range(2):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return min(spent)


if __name__ == "__main__":
    prepared = Path(sys.argv[2])
    print(json.dumps(_reading(Path(sys.argv[1])) | _gifs(prepared) | _batches(prepared)))
