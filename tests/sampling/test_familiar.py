"""What a model has never seen the like of: told before it draws to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pxgen
from pxgen.arrays import F32, Bools, IndexMaps
from pxgen.checkpoint.store import Loaded
from pxgen.sampling.familiar import CONTRADICTION, Known, known_of
from tests.support.checkpoints import save


def strange(loaded: Loaded, pixels: IndexMaps, known: Bools, labels: F32) -> bool:
    found = known_of(loaded, pixels, known, labels)
    return found is not None and found.strange


def test_labels_that_a_picture_does_not_show_are_told() -> None:
    told: list[str] = []
    model = pxgen.load("starter-figures", remark=told.append)
    figure = model.palette.rgba[model.sample("elf", "hair-red", seed=3, steps=8).indices[0][0]]
    for labels, says in ((["elf"], False), (["elf", "hair-red"], False), (["robot"], True)):
        model.animate(*labels, given={"down/0": figure}, steps=1)
        assert bool(told) == says
    [line] = told
    assert "does not look like robot as starter-figures.safetensors knows it" in line
    # Of a picture that takes many bits anyhow it takes more to be sure.
    assert not Known(100.0 + CONTRADICTION, 100.0, 500.0).contradicted
    assert Known(100.1 + CONTRADICTION, 100.0, 500.0).contradicted
    assert not Known(1099.0, 1000.0, 500.0).contradicted


def test_a_stranger_is_told_and_a_figure_is_not() -> None:
    told: list[str] = []
    model = pxgen.load("starter-figures", remark=told.append)
    figure = pxgen.load("starter-figures").sample("elf", seed=3, steps=4).indices[0][0]
    model.animate(given={"down/0": model.palette.rgba[figure]}, steps=1)
    assert not told
    # The same colours, as many pixels: of another kind.
    scattered = np.random.default_rng(0).permutation(figure.ravel()).reshape(figure.shape)
    model.animate(given={"down/0": model.palette.rgba[scattered]}, steps=1)
    [line] = told
    assert "starter-figures.safetensors has learnt nothing like it" in line


@pytest.mark.parametrize(("recipe", "says"), [("masked", True), ("uniform", True), ("ddpm", False)])
def test_bits_of_whole_given_frames_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, says: bool
) -> None:
    loaded = pxgen.load(save(tmp_path, recipe=recipe, frames=4)).loaded
    pixels, labels = np.ones((4, 6, 8), np.uint8), np.zeros(2, np.float32)
    first = np.zeros((4, 6, 8), np.bool_)
    first[0] = True
    # An untrained network knows nothing of five colours: log2(5) bits a pixel, more or less.
    for bits, expected in ((1.0, says), (6.0, False)):
        monkeypatch.setattr("pxgen.sampling.familiar.STRANGE_BITS", bits)
        assert strange(loaded, pixels, first, labels) == expected
    monkeypatch.setattr("pxgen.sampling.familiar.STRANGE_BITS", 0.0)
    assert not strange(loaded, np.zeros_like(pixels), first, labels)
    first[0, 0] = False
    assert not strange(loaded, pixels, first, labels)


def test_what_is_not_given_has_no_say() -> None:
    model = pxgen.load("starter-figures")
    pixels = model.sample("elf", seed=3, steps=4).indices[0]
    first = np.zeros(pixels.shape, np.bool_)
    first[0] = True
    rest = np.random.default_rng(0).permutation(pixels[1:].ravel()).reshape(pixels[1:].shape)
    scattered = np.concatenate([pixels[:1], rest])
    labels = np.zeros(len(model.label_names), np.float32)
    assert not strange(model.loaded, scattered, first, labels)
    assert strange(model.loaded, scattered, ~first, labels)


def test_an_image_to_start_from_may_be_a_stranger(tmp_path: Path) -> None:
    told: list[str] = []
    model = pxgen.load("starter", remark=told.append)
    head = model.sample("ghost", seed=1, steps=4).indices[0][0]
    scattered = np.random.default_rng(0).permutation(head.ravel()).reshape(head.shape)
    for options in ({}, {"strength": [0.5]}, {"label": "robot"}):
        model.sample(init=model.palette.rgba[head], steps=1, **options)
    assert not told
    model.sample(init=model.palette.rgba[scattered], steps=1)
    assert len(told) == 1
    # What a mask hides may be anything, an erased half among it; nobody reads what is drawn dry.
    half = np.arange(24)[:, None] < np.full((24, 24), 12)
    model.sample(init=model.palette.rgba[scattered], mask=half, steps=1)
    assert len(told) == 1
    # Of a larger canvas it is a part, and of another one no sprite.
    model.sample(init=model.palette.rgba[scattered], canvas="32x32", steps=1)
    assert len(told) == 1
