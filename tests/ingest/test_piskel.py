"""Piskel's files: layers, opacities, chunks, hidden frames, and what is damaged."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pxgen.errors import InputError
from pxgen.ingest.images import read_image
from tests.support.preparing import hero, prepared, shown, visible

RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)


def data_url(rgba: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(rgba.astype(np.uint8)).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def layer(frames: list[np.ndarray], opacity: float = 1, **more: Any) -> str:
    chunk = {"layout": [[k] for k in range(len(frames))], "base64PNG": data_url(np.hstack(frames))}
    about = {"name": "l", "opacity": opacity, "frameCount": len(frames), "chunks": [chunk]}
    return json.dumps(about | more)


def piskel(path: Path, layers: list[str], size: int = 8, version: int = 2, **more: Any) -> Path:
    body = {"name": "x", "description": "", "fps": 10, "height": size, "width": size}
    document = {"modelVersion": version, "piskel": {**body, "layers": layers, **more}}
    path.write_text(json.dumps(document))
    return path


def flat(color: tuple[int, int, int, int], size: int = 1) -> np.ndarray:
    return np.full((size, size, 4), color, np.uint8)


def test_an_animation_comes_out_with_its_speed(tmp_path: Path) -> None:
    frames = [hero(k) for k in range(3)]
    image = read_image(piskel(tmp_path / "a.piskel", [layer(frames)]))
    np.testing.assert_array_equal(image.rgba, np.stack(frames))
    assert image.durations == (100.0,) * 3
    still = read_image(piskel(tmp_path / "b.piskel", [layer(frames[:1])], fps=0))
    assert (len(still.rgba), still.durations) == (1, ())


def test_layers_lie_over_one_another_by_their_opacity(tmp_path: Path) -> None:
    layers = [layer([flat(RED)]), layer([flat(BLUE)], 0.4), layer([flat((9, 9, 9, 255))], 0)]
    image = read_image(piskel(tmp_path / "a.piskel", layers, 1))
    assert image.rgba.tolist() == [[[[153, 0, 102, 255]]]]


def test_layers_in_chunks_are_put_in_order(tmp_path: Path) -> None:
    """A chunk's layout lists its columns; old files have one sheet without a layout."""
    colors = [flat((k, 0, 0, 255)) for k in range(1, 6)]
    block = np.vstack([np.hstack([colors[0], colors[4]]), np.hstack([colors[2], colors[3]])])
    chunks = [
        {"layout": [[0, 2], [4, 3]], "base64PNG": data_url(block)},
        {"layout": [[1]], "base64PNG": data_url(colors[1])},
    ]
    image = read_image(piskel(tmp_path / "a.piskel", [layer(colors, chunks=chunks)], 1))
    assert image.rgba[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 5]
    old = {"name": "l", "frameCount": 5, "base64PNG": data_url(np.hstack(colors))}
    image = read_image(piskel(tmp_path / "b.piskel", [json.dumps(old)], 1))
    assert image.rgba[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 5]


def test_hidden_frames_are_left_out(tmp_path: Path) -> None:
    frames = [hero(k) for k in range(3)]
    image = read_image(piskel(tmp_path / "a.piskel", [layer(frames)], hiddenFrames=[1]))
    np.testing.assert_array_equal(image.rgba, np.stack([frames[0], frames[2]]))


def test_a_folder_of_them_is_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for k in range(3):
        piskel(Path(f"in/{k}.piskel"), [layer([hero(k), hero(k + 5)])])
    dataset = prepared("in")
    assert dataset.canvas.frames == 2
    np.testing.assert_array_equal(shown(dataset, "1.piskel")[1], visible(hero(6)))


@pytest.mark.parametrize(
    ("layers", "more", "message"),
    [
        (["{"], {}, "damaged Piskel"),
        ([], {}, "damaged Piskel file; save it again in Piskel"),
        (
            [layer([hero(0)], chunks=[{"layout": [[7]], "base64PNG": data_url(hero(0))}])],
            {},
            "a dam",
        ),
        (
            [layer([hero(0)], chunks=[{"layout": [[-1]], "base64PNG": data_url(hero(0))}])],
            {},
            "dam",
        ),
        ([layer([hero(0)], chunks=[{"layout": [[0]], "base64PNG": "%%"}])], {}, "damaged Piskel"),
        ([layer([hero(0)], chunks=[{"layout": [[0]], "base64PNG": "AAAA"}])], {}, "is no PNG"),
        ([layer([hero(0)] * 4, frameCount=5)], {}, "of 5 frames that has 4; save it again"),
        ([layer([hero(0)])], {"hiddenFrames": [0]}, "all hidden: show some"),
        ([layer([hero(0)])], {"version": 1}, "old version of Piskel"),
        ([layer([hero(0)])], {"width": 9}, "of other sizes"),
        ([layer([hero(0)])], {"width": 0}, "without pixels"),
        ([layer([hero(0)])], {"width": 5000, "height": 5000}, "more than 16777216 pixels"),
        ([layer([hero(0)], frameCount=10**7)], {}, "more than"),
    ],
)
def test_damage_is_one_line(
    tmp_path: Path, layers: list[str], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_image(piskel(tmp_path / "a.piskel", layers, **more))
    assert "a.piskel" in str(caught.value)
