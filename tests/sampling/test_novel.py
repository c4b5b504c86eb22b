"""Pictures that are new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.data.dataset import open_dataset
from pxgen.data.neighbours import SpriteIndex
from pxgen.models.protocol import SamplingParams
from pxgen.render.png import decode_png
from pxgen.sampling.engine import PictureRequest
from pxgen.sampling.novel import novel
from tests.support.checkpoints import CARD
from tests.support.sampled import contents, run
from tests.support.tiny import labelled, tiny_dataset, tiny_model


def test_slots_go_on_in_strides_until_all_are_new(tmp_path: Path) -> None:
    """A picture shows its own number; those below 7 are near the one training sprite, 3 of 10."""
    ground = np.zeros((2, 1, 1, 10), np.uint8)
    data = labelled(tmp_path, ground, np.zeros((2, 1), np.uint8), np.array([0, 1]))
    tried: list[list[int]] = []

    def draw(requests: list[PictureRequest]) -> Iterator[IndexMaps]:
        tried.append([request.number for request in requests])
        for request in requests:
            different = 3 if request.number >= 7 else 2
            yield (np.arange(10) < different).astype(np.uint8).reshape(1, 1, 10)

    nothing = np.zeros(0, np.float32)
    requests = [PictureRequest(number, nothing, SamplingParams()) for number in (0, 1, 2, 9)]
    made = list(novel(requests, draw, known=SpriteIndex(data, data.train), distance=3, stride=5))
    assert [number for number, _ in made] == [10, 11, 7, 9]
    assert tried == [[0, 1, 2, 9], [5, 6, 7], [10, 11]]
    assert all(int(picture.sum()) == 3 for _, picture in made)


def novel_model(tmp_path: Path) -> tuple[Path, Path]:
    """A model of a dataset, and the dataset."""
    data = tiny_dataset(tmp_path / "data")
    model = tiny_model()
    card = CARD.__class__(**{**CARD.__dict__, "fingerprint": data.fingerprint})
    weights = prefixed(model.module.state_dict(), "weights")
    save_checkpoint(tmp_path / "model" / "checkpoint.safetensors", card, weights)
    return tmp_path / "model", tmp_path / "data"


def test_pictures_near_a_training_sprite_are_drawn_again(tmp_path: Path) -> None:
    model, folder = novel_model(tmp_path)
    data = open_dataset(folder)
    sprites = data.take(data.train)[0]

    def nearest(path: Path) -> int:
        differ = (sprites != decode_png(path)[0][None, None]).reshape(len(sprites), -1).sum(1)
        return int(differ.min())

    run(model, "-n", 200, "-o", tmp_path / "all")
    distance = {path.stem: nearest(path) for path in (tmp_path / "all").iterdir()}
    # So that some of the first eight are too near.
    most = sorted(distance[f"sprite-0-000{i}"] for i in range(8))[3] + 1
    asked = ("-n", 8, "--novel", most, "--dataset", folder)
    result = run(model, *asked, "-o", tmp_path / "new", "--manifest", tmp_path / "m.jsonl")
    assert result.exit_code == 0, result.output
    files = [Path(line) for line in result.stdout.split()[:-1]]
    assert all(nearest(path) >= most for path in files)
    numbers = [int(path.stem[-4:]) for path in files]
    # Each slot goes on in steps of eight from its own number.
    assert [number % 8 for number in numbers] == list(range(8))
    for slot, number in enumerate(numbers):
        assert all(distance[f"sprite-0-{i:04}"] < most for i in range(slot, number, 8))
    assert any(number >= 8 for number in numbers)
    # Shards draw the same, and so does a repeat that has no dataset.
    for part in ("1/3", "2/3", "3/3"):
        run(model, *asked, "--shard", part, "-o", tmp_path / "joined")
    assert contents(tmp_path / "joined") == contents(tmp_path / "new")
    run(model, "--repeat", tmp_path / "m.jsonl", "-o", tmp_path / "again")
    assert contents(tmp_path / "again") == contents(tmp_path / "new")


def test_novelty_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    model, folder = novel_model(tmp_path)
    result = run(model, "--novel", 48, "--dataset", folder, "-o", tmp_path / "x")
    assert result.exit_code == 1
    assert "100 draws in a row lie nearer than 48 pixels" in result.stderr
    result = run(model, "--novel", 50, "--dataset", folder, "-o", tmp_path / "x")
    assert (result.exit_code, "has 48 pixels to differ in" in result.stderr) == (2, True)
    other = tiny_dataset(tmp_path / "other", count=30)
    assert other.fingerprint != open_dataset(folder).fingerprint
    result = run(model, "--novel", 1, "--dataset", tmp_path / "other", "-o", tmp_path / "x")
    assert result.exit_code == 3
    assert "name that with --dataset" in " ".join(result.stderr.split())
    for request in ("--dry-run", "--skip-existing"):
        result = run(model, "--novel", 1, "--dataset", folder, request, "-o", tmp_path / "x/")
        assert (result.exit_code, f"leave {request} out" in result.stderr) == (2, True)
