"""The page to choose from, used in a real browser by mouse, keys and touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.config.sample_settings import SampleSettings
from pxgen.render.outputs import Series
from pxgen.render.page import Coloring, Nearest, Page, encode_page
from tests.support.browser import CHROMIUM, Browser
from tests.support.sampled import contents, run
from tests.support.tiny import PALETTE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")

STATES = "[...choice].join('')"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def of(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The browser, without what it stored for other pages."""
    yield browser
    browser.js("localStorage.clear()")
    browser.size(1280, 800)
    browser.scheme("light")
    browser.call("Emulation.setTouchEmulationEnabled", enabled=False)


def saved(browser: Browser) -> str:
    """What the page saves."""
    file = browser.folder / "kept.jsonl"
    file.unlink(missing_ok=True)
    browser.events.clear()
    browser.click("#save")
    while browser.wait("Browser.downloadProgress")["state"] != "completed":
        pass
    return file.read_text("utf-8")


def sprites(count: int, frames: int = 1) -> Page:
    """Squares of every kind, numbered, with what may be known of them."""
    pixels = np.arange(count * frames * 30, dtype=np.uint32) // 7 % len(PALETTE)
    series = Series(SampleSettings(), range(count))
    shared = {"seed": 0, "labels": [], "model": "m", "options": {}, "inputs": {}}
    numbers = np.arange(count)
    return Page(
        title="squares",
        pixels=pixels.astype(np.uint8).reshape(count, frames, 6, 5),
        delays=[30.0] * frames,
        colorings=[
            Coloring("own", [PALETTE.rgba]),
            Coloring("turned", [PALETTE.rgba[::-1].copy()], options={"palette": "turned"}),
        ],
        lines=[shared | {"file": f"{series.name(i)}.png", "index": i} for i in range(count)],
        labels=[
            ["even"] if i % 2 == 0 else ["odd", "late"][: 1 + (i > count // 2)] for i in numbers
        ],
        command="pxgen sample --repeat kept.jsonl -o kept/",
        nearest=Nearest(np.ones((1, frames, 6, 5), np.uint8), numbers * 0, numbers * 7 % 30),
        doubts=(numbers % 11 / 11).astype(np.float32),
    )


def write(folder: Path, page: Page) -> Path:
    file = folder / "page.html"
    file.write_bytes(encode_page(page))
    return file


@pytest.mark.parametrize("command", ["sample", "animate"])
def test_what_is_kept_is_drawn_again_byte_for_byte(
    command: str, model: Path, of: Browser, tmp_path: Path
) -> None:
    asked = ("-n", 6, "--seed", 2**63 - 5, "--label", "left", "--scale", 2)
    asked += ("--frames", 3) if command == "animate" else ()
    page = tmp_path / "choose.html"
    assert run(model, *asked, "-o", page, command=command).exit_code == 0
    run(model, *asked, "--palette", "game-boy", "-o", tmp_path / "all", command=command)
    of.open(page)
    of.click(".cell[data-position='1']")
    of.click(".cell[data-position='2']", button="right")
    for key in ("ArrowRight", "k", "d", "k", "u"):
        of.key(key)
    assert of.js(STATES) == "012120"
    of.reload()
    assert of.js(STATES) == "012120"
    of.js("set('coloring', data.colorings.findIndex((each) => each.name === 'game-boy'))")
    manifest = saved(of)
    assert len(manifest.splitlines()) == 2
    result = run(model, "--repeat", "-", "-o", tmp_path / "kept", text=manifest)
    assert result.exit_code == 0, result.stderr
    again, pictures = contents(tmp_path / "kept"), contents(tmp_path / "all")
    assert [Path(name).stem[-1] for name in again] == ["1", "3"]
    assert again.items() <= pictures.items()


def test_a_report_is_chosen_from_and_its_tables_are_sorted(of: Browser, work: Path) -> None:
    command = ["evaluate", "-n", "12", "--steps", "4", "--workers", "1", "-o", "r.html"]
    assert CliRunner().invoke(pxgen, command).exit_code == 0
    of.open(work / "r.html")
    cells = "[...document.querySelectorAll('table')].at(-1).tBodies[0].rows"
    column = f"[...{cells}].map((row) => parseFloat(row.cells[1].textContent))"
    written = of.js(column)
    heading = "document.querySelectorAll('table')[document.querySelectorAll('table').length - 1]"
    press = f"{heading}.tHead.rows[0].cells[1].querySelector('button').click()"
    for wanted in (sorted(written, reverse=True), sorted(written), written):
        of.js(press)
        assert of.js(column) == wanted
    of.key("k")
    of.key("k")
    manifest = saved(of)
    result = CliRunner().invoke(pxgen, ["sample", "--repeat", "-", "-o", "kept/"], input=manifest)
    assert result.exit_code == 0, result.stderr
    assert len(contents(work / "kept")) == 2


def test_choices_are_taken_back_one_by_one(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, sprites(9)))
    for key in ("k", "d", " ", "x", "Delete"):
        of.key(key)
    assert of.js(STATES) == "122200000"
    of.key("z", ctrl=True)
    assert of.js(STATES) == "122000000"
    of.key("u")
    assert of.js(STATES) == "121000000"
    for _ in range(9):
        of.click("#undo")
        of.key("u")
    assert of.js(STATES) == "0" * 9
    assert of.js("byId('undo').disabled && byId('save').disabled")


def test_a_reload_goes_on_where_it_stopped(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, sprites(1000)))
    for _ in range(200):
        of.key("d")
    of.reload()
    assert of.js("scrollY > 0 && document.activeElement.dataset.position === '200'")
    of.key("k")
    assert of.js(STATES) == "2" * 200 + "1" + "0" * 799
    of.key("u")
    of.key("u")
    assert of.js(STATES) == "2" * 199 + "0" * 801
    # Of another version, which stored no place, the first undecided comes.
    of.js("localStorage.setItem(STORE, JSON.stringify({ choice: choice.join(''), view }))")
    of.reload()
    assert of.js("document.activeElement.dataset.position") == "199"


def test_fingers_keep_and_drop(of: Browser, tmp_path: Path) -> None:
    of.call("Emulation.setTouchEmulationEnabled", enabled=True)
    of.open(write(tmp_path, sprites(9)))
    of.touch(".cell[data-position='2']")
    of.touch(".cell[data-position='4']", seconds=0.8)
    assert of.js(STATES) == "001020000"
    of.touch("#keep")
    assert of.js(STATES) == "001010000"


def test_a_phone_has_everything_at_hand(of: Browser, tmp_path: Path) -> None:
    of.size(400, 800)
    of.open(write(tmp_path, sprites(1000)))
    of.js("go(500)")
    of.touch("#keep")
    for control in ("keep", "drop", "undo", "save"):
        middle = of.middle(f"#{control}")
        assert 0 < middle["x"] < 400, control
        assert 0 < middle["y"] < 800, control
    assert of.js("byId('save').innerText") == "Save 1 kept"
    assert of.js("byId('keep').innerText") == "Keep"
    for seen in ("labels", "novelty", "doubts"):
        assert seen in of.js("byId('side').innerText")
    assert "long press drops" in of.js("document.body.innerText")
    assert of.js("document.documentElement.scrollWidth") <= 400
    of.touch("#undo")
    assert of.js("choice[500]") == 0
    of.size(1280, 800)
    assert of.js("byId('end').parentNode === byId('bar')")


def test_a_lone_still_needs_neither_a_caption_nor_keys_to_play(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, replace(sprites(4), nearest=None)))
    assert "play or pause" not in of.js("byId('help').innerText")
    assert of.js("byId('drawn').hidden")


def test_what_has_the_focus_does_not_look_kept(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, sprites(9)))
    of.key("k")
    of.js("focusCell()")
    color = "getComputedStyle(cells.get({})).{}"
    for scheme in ("light", "dark"):
        of.scheme(scheme)
        assert of.js(color.format(1, "outlineColor")) not in of.js(color.format(0, "boxShadow"))


def test_one_pixel_is_told_of_as_one(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, sprites(2)))
    of.js("data.novelty[0] = 1")
    assert of.js("factsOf(0).at(1)") == ["novelty", "1 pixel from training"]


def test_sprites_are_filtered_and_put_in_order(of: Browser, tmp_path: Path) -> None:
    page = sprites(40)
    of.open(write(tmp_path, page))
    odd = of.js("data.vocabulary.indexOf('odd')")
    of.js(f"set('label', '{odd}')")
    assert of.js("order") == list(range(1, 40, 2))
    assert page.nearest is not None
    gaps, doubts = page.nearest.distances, np.asarray(page.doubts)
    of.js("set('label', '')")
    for name, keys in (("novel", -gaps), ("near", gaps), ("sure", doubts), ("doubted", -doubts)):
        of.js(f"set('sort', '{name}')")
        assert of.js("order") == np.argsort(keys, kind="stable").tolist()
    of.js("set('sort', 'drawn'); toggle(3, KEPT); toggle(5, DROPPED); set('show', 'open')")
    assert of.js("order") == [i for i in range(40) if i not in (3, 5)]
    of.js("set('show', 'kept')")
    assert of.js("order") == [3]
    # What is decided leaves the view, and the next takes its place.
    of.js("set('show', 'open'); go(0)")
    of.key("k")
    of.key("k")
    assert of.js("[...choice].slice(0, 3)") == [1, 1, 0]


def test_what_is_not_known_cannot_be_asked_for(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, replace(sprites(4), nearest=None, doubts=None)))
    disabled = "[...byId('sort').options].filter((each) => each.disabled).map((each) => each.value)"
    assert of.js(disabled) == ["novel", "near", "sure", "doubted"]
    assert of.js("byId('beside').hidden")


def test_pixels_are_drawn_in_the_palette_chosen(of: Browser, tmp_path: Path) -> None:
    page = sprites(5, frames=3)
    of.open(write(tmp_path, page))
    of.js("playing = false; frame = 2; repaint()")
    read = "[...cells.get(3).firstChild.getContext('2d').getImageData(0, 0, WIDTH, HEIGHT).data]"
    for coloring in (0, 1):
        of.js(f"set('coloring', {coloring})")
        colors = page.colorings[coloring].tables[0][page.pixels[3, 2]]
        drawn = np.array(of.js(read), np.uint8).reshape(6, 5, 4)
        seen = colors[..., 3] > 0
        assert np.array_equal(drawn[seen], colors[seen])
        assert not drawn[~seen][:, 3].any()


def test_clips_move_until_they_are_stopped(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, sprites(4, frames=3)))
    seen = (
        "new Promise((done) => { const first = frame; const look = () => frame !== first"
        " ? done(true) : requestAnimationFrame(look); look(); })"
    )
    assert of.js(seen)
    of.key("p")
    assert of.js("!playing && byId('play').innerText === 'Play P'")
    still = "new Promise((done) => { const f = frame; setTimeout(() => done(f === frame), 200); })"
    assert of.js(still)


def test_of_ten_thousand_sprites_those_on_the_screen_exist(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, sprites(10_000)))
    count = "document.querySelectorAll('.cell').length"
    assert of.js(count) < 300
    of.click(".cell[data-position='0']")
    of.key("End")
    assert of.js("document.activeElement.dataset.position") == "9999"
    assert of.js(count) < 300
    of.js("scrollTo(0, 0); show()")
    # The cell in focus stays where it is, or the keyboard would lose its place.
    assert of.js("document.activeElement.dataset.position") == "9999"
    of.key("k")
    assert of.js("choice[9999]") == 1


def test_readers_of_screens_are_told_what_is_where(of: Browser, tmp_path: Path) -> None:
    of.open(write(tmp_path, sprites(6)))
    of.click(".cell[data-position='1']")
    nodes = of.call("Accessibility.getFullAXTree")["nodes"]
    named = [
        (node["role"]["value"], node["name"]["value"])
        for node in nodes
        if not node["ignored"] and node.get("name", {}).get("value")
    ]
    options = [name for role, name in named if role == "option" and "sprite" in name]
    assert len(options) == 6
    assert options[1].startswith("sprite-0-0001, kept, labels odd, novelty 7 pixels")
    assert ("listbox", "Sprites") in named
    for control in ("Show", "Label", "Order", "Palette", "Ground"):
        assert any(role == "combobox" and name.startswith(control) for role, name in named)
    assert of.js("byId('said').textContent") == "kept: sprite-0-0001"
    of.click(".cell[data-position='2']", button="right")
    # One stop for the tabulator, and one thing selected.
    assert of.js("document.querySelectorAll('.cell[tabindex=\"0\"]').length") == 1
    assert of.js("document.querySelectorAll('.cell[aria-selected=true]').length") == 1


def test_texts_of_strangers_stay_texts(of: Browser, tmp_path: Path) -> None:
    hostile = '</script><img src=x onerror="window.owned = 1"><script>window.owned = 1</script>'
    page = sprites(3)
    lines = [dict(line) | {"file": f"{hostile}{i}.png"} for i, line in enumerate(page.lines)]
    coloring = Coloring(hostile, page.colorings[0].tables)
    wild = replace(
        page, title=hostile, lines=lines, labels=[[hostile]] * 3, command=hostile,
        notes=[hostile], colorings=[coloring],
    )  # fmt: skip
    of.open(write(tmp_path, wild))
    of.click(".cell[data-position='0']")
    assert of.js("window.owned") is None
    assert of.js("document.querySelectorAll('img').length") == 0
    assert of.js("byId('notes').textContent") == hostile
    # Even what gets in is neither run nor loaded.
    of.js("document.body.insertAdjacentHTML('beforeend', `<img src=x onerror='window.owned = 1'>`)")
    of.js("document.body.append(Object.assign(document.createElement('script'), "
          "{ textContent: 'window.owned = 1' }))")  # fmt: skip
    assert of.js("window.owned") is None


def test_a_page_asks_nobody_for_anything(of: Browser, tmp_path: Path) -> None:
    file = write(tmp_path, sprites(5))
    of.open(file)
    of.js("toggle(1, KEPT)")
    saved(of)
    of.reload()
    asked = [e["params"]["request"]["url"] for e in of.events if e["method"].endswith("WillBeSent")]
    assert set(asked) <= {file.as_uri()}
