"""Fake pixels and compressed colours: how much of the art comes back, beside other programs.

    python -m tests.bench.fakes [--unseen] [--others PYTHON] [--true FOLDER...]

The first table enlarges built-in sprites in ten ways by four factors and tells the share of pixels
that come back in their own colour, and in one that is nearest to the same entry of the palette; a
picture of quite another size counts as lost. With --unseen the art is another one and so are the
factors: those that thresholds were not tuned on. PYTHON is an interpreter that has
``proper-pixel-art`` and ``unfake``. The second table reduces compressed sprites to few colours and
tells how far these are from the art's. Last it tells in how many files of FOLDERs, which hold true
pixel art, fake pixels are seen.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from pxgen import builtin
from pxgen.builtin import CASTS
from pxgen.ingest.fake_pixels import fake_grid
from pxgen.ingest.images import read_image
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.walk import find_files
from pxgen.lint.repair import repair
from pxgen.palette.oklab import to_oklab
from pxgen.palette.quantize import build_palette
from pxgen.palette.table import pack, unpack
from tests.support.enlarged import FACTORS, KINDS, Picture, characters, compressed, heads, scene

OTHERS = """
import logging, sys
from pathlib import Path
from PIL import Image
import proper_pixel_art, unfake
logging.disable(logging.CRITICAL)
for path in sorted(Path(sys.argv[1]).glob("*.png")):
    picture = Image.open(path).convert("RGBA")
    for name, tried in (
        ("ppa", lambda: proper_pixel_art.pixelate(picture).image),
        ("unfake", lambda: unfake.process_image_sync(str(path), max_colors=64)["image"]),
    ):
        try:
            image = tried()
        except Exception as error:
            print(name, path.name, error)
            continue
        if not isinstance(image, Image.Image):
            image = Image.fromarray(image)
        image.convert("RGBA").save(path.with_suffix("." + name), "PNG")
"""
COLORS = np.concatenate([builtin.PALETTE.rgba[1:, :3], np.full((1, 3), 255, np.uint8)])


UNSEEN = (2.1, 2.8, 3.7, 5.3)
"""Factors that thresholds were not tuned on."""


def originals(*, unseen: bool) -> list[Picture]:
    """Four sprites alone, and two pictures of four each."""
    sprites = characters(12, 77, CASTS["figures"]) if unseen else heads(12)
    return [*sprites[:4], scene(sprites[4:8], 2), scene(sprites[8:], 2)]


def enlarged(*, unseen: bool) -> Iterator[tuple[str, Picture, Picture]]:
    """The kind, the art, and the art enlarged."""
    for (kind, way), factor in product(KINDS.items(), UNSEEN if unseen else FACTORS):
        random = np.random.default_rng(2 if unseen else 1)
        for art in originals(unseen=unseen):
            yield kind, art, way(art, factor, random)


def entries(rgba: Picture) -> np.ndarray:
    """``(H, W)``: the nearest colours of the art's palette."""
    gap = to_oklab(rgba[..., None, :3]) - to_oklab(COLORS)
    return (gap**2).sum(-1).argmin(-1)


def shares(art: Picture, found: Picture) -> tuple[float, float]:
    """Shares of the pixels of their own colour and of the right entry, at the best of 25 shifts."""
    best = (0.0, 0.0)
    (height, width), (high, wide) = art.shape[:2], found.shape[:2]
    if abs(high - height) > height // 8 or abs(wide - width) > width // 8:
        return best
    wanted, given = entries(art), entries(found)
    most = max(height * width, high * wide)
    for down, right in product(range(-2, 3), repeat=2):
        rows, their_rows = _overlap(height, high, down)
        columns, their_columns = _overlap(width, wide, right)
        there = wanted[rows, columns] == given[their_rows, their_columns]
        exact = (art[rows, columns, :3] == found[their_rows, their_columns, :3]).all(-1)
        best = max(best, (int(there.sum()) / most, int(exact.sum()) / most))
    return best[1], best[0]


def _overlap(length: int, other: int, shift: int) -> tuple[slice, slice]:
    """Where a side and another, moved by so much, lie on one another."""
    first, second = max(0, shift), max(0, -shift)
    common = min(length - first, other - second)
    return slice(first, first + common), slice(second, second + common)


def recovered(others: str | None, *, unseen: bool) -> None:
    """Print the first table."""
    results: dict[tuple[str, str], list[tuple[float, float]]] = {}
    pictures = list(enlarged(unseen=unseen))
    for kind, art, large in pictures:
        results.setdefault((kind, "pxgen"), []).append(shares(art, repair(large[None]).rgba[0]))
    names = ["pxgen"]
    if others:
        names += ["ppa", "unfake"]
        with tempfile.TemporaryDirectory() as folder:
            for number, (_, _, large) in enumerate(pictures):
                Image.fromarray(large).save(Path(folder, f"{number:04}.png"))
            subprocess.run([others, "-c", OTHERS, folder], check=True)
            for (number, (kind, art, _)), name in product(enumerate(pictures), names[1:]):
                path = Path(folder, f"{number:04}.{name}")
                share = (0.0, 0.0)
                if path.exists():
                    share = shares(art, np.asarray(Image.open(path)))
                results.setdefault((kind, name), []).append(share)
    print("| enlarged | " + " | ".join(f"{n}: exact | {n}: right entry" for n in names) + " |")
    print("|---" * (1 + 2 * len(names)) + "|")
    for kind in KINDS:
        means = [np.mean(results[kind, name], 0) for name in names]
        print(f"| {kind} | " + " | ".join(f"{share:.1%}" for m in means for share in m) + " |")


def reduced() -> None:
    """Print the second table: the mean squared distance in OKLab, times 10,000."""
    art = np.stack(heads(20))
    print("| colours | file | pxgen | octree | median cut, k-means |\n|---|---|---|---|---|")
    for colors, (kind, quality) in product((8, 16, 32), (("JPEG", 80), ("JPEG", 92), ("WEBP", 75))):
        noisy = np.stack([compressed(each, quality, kind) for each in art])
        distinct, counts = np.unique(pack(noisy), return_counts=True)
        row = Image.fromarray(noisy[..., :3].reshape(1, -1, 3))
        tables = [build_palette(unpack(distinct), counts, colors).rgba[1:, :3]]
        for method, rounds in ((Image.Quantize.FASTOCTREE, 0), (Image.Quantize.MEDIANCUT, 1)):
            found = row.quantize(colors, method=method, kmeans=rounds).getpalette() or []
            tables.append(np.array(found[: 3 * colors], np.uint8).reshape(-1, 3))
        gaps = [_gap(art, noisy, table) for table in tables]
        print(f"| {colors} | {kind} {quality} | " + " | ".join(f"{g:.1f}" for g in gaps) + " |")


def _gap(art: Picture, noisy: Picture, table: np.ndarray) -> float:
    lab, seen = to_oklab(table), to_oklab(noisy[..., :3])
    shown = lab[((seen[..., None, :] - lab) ** 2).sum(-1).argmin(-1)]
    return float(((shown - to_oklab(art[..., :3])) ** 2).sum(-1).mean() * 1e4)


def false_alarms(sources: list[Path]) -> None:
    """Print in how many files of true pixel art fake pixels are seen."""
    for source in sources:
        files = find_files([source]).files
        found = []
        for file in files:
            rgba = read_image(file.path).rgba
            if fake_grid(rgba, IndexedSprite.of(rgba)):
                found.append(file.name)
        print(f"{source.name}: fake pixels in {len(found)} of {len(files)} files {found[:3]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unseen", action="store_true")
    parser.add_argument("--others", metavar="PYTHON")
    parser.add_argument("--true", nargs="*", type=Path, default=[], metavar="FOLDER")
    options = parser.parse_args()
    recovered(options.others, unseen=options.unseen)
    if not options.unseen:
        reduced()
    false_alarms(options.true)


if __name__ == "__main__":
    main()
