"""How fluid a page of ten thousand sprites is, in Chromium: ``python -m tests.bench.choosing``."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from pxgen import builtin
from pxgen.render.page import Coloring, Nearest, Page, encode_page
from tests.support.browser import Browser

COUNT, SEED = 10_000, 0
STEPS = 100
"""Screens that are scrolled by, in each measurement."""
ACTIONS = {
    "filter by a label": "set('label', '3')",
    "back to all": "set('label', '')",
    "order by novelty": "set('sort', 'novel')",
    "another palette": "set('coloring', 1)",
    "keep one": "toggle(order[0], KEPT)",
    "keep one, undecided alone shown": "view.show = 'open'; toggle(order[0], KEPT)",
}
TIMED = "(() => {{ const t = performance.now(); {}; return performance.now() - t; }})()"
SCROLLED = """new Promise((done) => {
  const times = []; let last = performance.now(), left = STEPS;
  scrollTo(0, 0);
  const step = () => {
    const now = performance.now(); times.push(now - last); last = now;
    scrollBy(0, innerHeight / 2);
    if (left--) requestAnimationFrame(step); else done(times);
  };
  requestAnimationFrame(step);
})""".replace("STEPS", str(STEPS))


def page(frames: int) -> Page:
    """Built-in characters, as if they had been drawn."""
    drawn = list(builtin.generate(COUNT, SEED, frames=frames))
    pixels = np.concatenate([part for part, _ in drawn])
    marks = np.concatenate([part for _, part in drawn])
    names, numbers = builtin.HEADS.labels, np.arange(COUNT)
    shared = {"seed": 0, "labels": [], "model": "m", "options": {}, "inputs": {}}
    return Page(
        title="ten thousand",
        pixels=pixels,
        delays=[100.0] * frames,
        colorings=[
            Coloring(name, [builtin.PALETTE.rgba], options={"palette": name}) for name in "ab"
        ],
        lines=[shared | {"file": f"sprite-0-{i:04}.png", "index": i} for i in numbers.tolist()],
        labels=[[names[int(k)] for k in np.flatnonzero(row)] for row in marks],
        command="pxgen sample --repeat kept.jsonl -o kept/",
        nearest=Nearest(pixels[:1000], numbers % 1000, numbers * 7919 % 577),
    )


def measure(frames: int) -> None:
    """Print what a page of sprites with so many frames takes."""
    content = encode_page(page(frames))
    folders = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with folders as folder, Browser(Path(folder)) as browser:
        file = Path(folder) / "page.html"
        file.write_bytes(content)
        started = time.perf_counter()
        browser.open(file)
        print(f"{COUNT} sprites of {frames} frames: {len(content) / 2**20:.1f} MiB, ready in "
              f"{time.perf_counter() - started:.2f} s")  # fmt: skip
        for name, action in ACTIONS.items():
            print(f"  {name}: {browser.js(TIMED.format(action)):.1f} ms")
        browser.js("view.show = 'all'; arrangeAnew(0)")
        times = sorted(browser.js(SCROLLED))
        middle, most = statistics.median(times), times[int(0.95 * len(times))]
        print(f"  scrolling by half a screen a frame: median {middle:.1f} ms, 95 % {most:.1f} ms")


if __name__ == "__main__":
    for length in (1, 8):
        measure(length)
