"""The library: the same bytes as the commands, quietly, in threads and loops."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import pxgen
from pxgen.cli.app import pxgen as command
from pxgen.render.png import decode_png
from pxgen.sampling.sprite_model import SpriteModel
from tests.support.checkpoints import save
from tests.support.tiny import tiny_dataset

EXAMPLES = ("pxgen", "pxgen.api", "pxgen.sampling.sprite_model", "pxgen.sampling.results")


@pytest.fixture
def model(tmp_path: Path) -> SpriteModel:
    save(tmp_path)
    return pxgen.load(tmp_path)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_do_what_they_say(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    found = Examples().find(module)
    assert any(example.examples for example in found)
    runner = doctest.DocTestRunner()
    assert sum(runner.run(example).failed for example in found) == 0


class Examples(doctest.DocTestFinder):
    """Those of functions that are decorated, too."""

    def _from_module(self, module: object, object: object) -> bool:  # noqa: A002
        return super()._from_module(module, inspect.unwrap(object))  # type: ignore[arg-type,misc]


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, pxgen; print(pxgen.__version__, *{'torch', 'numpy', 'PIL'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [pxgen.__version__]


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    assert dir(pxgen) == pxgen.__all__
    for name in set(pxgen.__all__) - {"__version__"}:
        assert getattr(pxgen, name).__doc__, name
        # A module of that name would take its place once it is imported.
        assert importlib.util.find_spec(f"pxgen.{name}") is None, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        pxgen.nothing  # noqa: B018


def test_arrays_are_what_the_command_writes(model: SpriteModel, tmp_path: Path) -> None:
    line = ["sample", "-m", str(tmp_path), "-n", "3", "--label", "left", "--seed", "4"]
    out = tmp_path / "by-command"
    result = CliRunner().invoke(command, [*line, "--steps", "3", "-o", f"{out}/"])
    assert result.exit_code == 0, result.stderr
    sprites = model.sample("left", n=3, seed=4, steps=3)
    for path, indices in zip(sorted(out.iterdir()), sprites.indices, strict=True):
        assert np.array_equal(decode_png(path)[0], indices[0])
    written = sprites.save(tmp_path / "by-library")
    assert [path.name for path in written] == [path.name for path in sorted(out.iterdir())]
    assert [path.read_bytes() for path in written] == [
        path.read_bytes() for path in sorted(out.iterdir())
    ]
    assert np.array_equal(sprites.rgba, sprites.palette.rgba[sprites.indices])


def test_a_label_may_be_a_keyword_as_on_the_command_line(model: SpriteModel) -> None:
    asked = model.sample("left", n=2, steps=2).indices
    assert np.array_equal(model.sample(label="left", n=2, steps=2).indices, asked)
    assert np.array_equal(next(model.stream(label=["left"], steps=2)).indices, asked[0])


def test_pictures_come_one_after_another(model: SpriteModel) -> None:
    stream = model.stream(n=3, seed=1, steps=2)
    assert np.array_equal(next(stream).indices, model.sample(seed=1, steps=2).indices[0])


def load_and_ask(model: SpriteModel) -> int:
    """The number of threads inside operations, after a model was loaded."""
    pxgen.load(model.loaded.path)
    return torch.get_num_threads()


def test_it_works_in_threads_says_nothing_and_leaves_nothing(
    model: SpriteModel, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    torch.set_num_threads(3)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    alone = [model.sample(seed=seed, steps=2).indices for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = [
            sprites.indices
            for sprites in pool.map(lambda seed: model.sample(seed=seed, steps=2), range(4))
        ]
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
    with ThreadPoolExecutor(4) as pool:
        assert {*pool.map(lambda _: load_and_ask(model), range(8))} == {threads}
    suspended = model.stream(n=300, steps=1)
    next(suspended)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    torch.set_num_threads(before)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"stepz": 3}, r"sample\(\): stepz: unknown key; did you mean steps"),
        ({"steps": 0}, r"sample\(\): steps: at least 1"),
        ({"steps": "3"}, r"sample\(\): steps: expected a whole number"),
        ({"strength": 0.5}, "^strength needs an image to start from: give it with init$"),
        ({"sampler": "dice"}, "no sampler 'dice'"),
        ({"out": "x/"}, r"sample\(\): out: unknown key"),
        ({"labels": "left"}, r"sample\(\): labels: unknown key; did you mean label"),
        ({"temperature": float("nan")}, "expected a finite number"),
    ],
)
def test_wrong_options_are_one_line(
    model: SpriteModel, options: dict[str, object], line: str
) -> None:
    with pytest.raises(pxgen.UsageError, match=line):
        model.sample(**options)


def test_images_are_reconstructed_and_passed_through(model: SpriteModel, tmp_path: Path) -> None:
    paths = model.sample(n=2, steps=2).save(tmp_path / "made")
    made = model.reconstruct(*paths)
    assert made.exact.shape == (2,)
    assert np.array_equal(made.before[0][0], decode_png(paths[0])[0])
    path = model.interpolate(paths[0], 5, frames=4)
    assert path.indices.shape == (4, *model.canvas)
    with pytest.raises(pxgen.UsageError, match="two sprites"):
        model.interpolate(3)
    with pytest.raises(pxgen.UsageError, match="name each"):
        model.reconstruct(paths)  # type: ignore[arg-type]
    assert (repr(path), repr(model).startswith("<model ")) == ("<4 sprites of 1 x 6 x 8>", True)


def test_a_folder_becomes_a_dataset(tmp_path: Path) -> None:
    remarks: list[str] = []
    dataset = pxgen.prepare(builtin=True, count=20, out=tmp_path / "heads", remark=remarks.append)
    assert len(dataset) == len(pxgen.open_dataset(tmp_path / "heads")) == 20
    assert any("20 built-in stills" in line for line in remarks)


def test_trainings_in_threads_are_those_alone(tmp_path: Path) -> None:
    """Torch's one generator gives each its own initial weights, and is as it was after them."""
    data = pxgen.prepare(builtin=True, count=20, out=tmp_path / "heads")

    def trained(run: str, seed: int) -> bytes:
        options = {"recipe": "ae", "steps": 2, "batch": 8, "seed": seed, "out": tmp_path / run}
        *_, last = pxgen.train(data, **options)
        weights = pxgen.load(last.checkpoint).loaded.model.module.state_dict().values()
        return b"".join(tensor.numpy().tobytes() for tensor in weights)

    state = torch.get_rng_state()
    alone = [trained(f"alone-{seed}", seed) for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda seed: trained(f"together-{seed}", seed), range(3)))
    assert alone == together
    assert torch.equal(torch.get_rng_state(), state)


def test_reading_images_in_threads_leaves_pillow_as_it_was(
    model: SpriteModel, tmp_path: Path
) -> None:
    before = (Image.MAX_IMAGE_PIXELS, list(warnings.filters))
    paths = model.sample(n=8, steps=1).save(tmp_path / "many")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(model.reconstruct, paths))
    assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before


def test_clips_are_saved_at_their_own_speed(tmp_path: Path) -> None:
    clip = pxgen.load("starter-clips").animate(steps=1, fps=20)
    for fps, shown in ((None, 50), (10, 100)):
        (path,) = clip.save(tmp_path / "a.gif", fps=fps)
        with Image.open(path) as image:
            assert image.info["duration"] == shown
    for wrong in ({"fps": 0}, {"scale": 1.5}, {"scale": -1}):
        with pytest.raises(pxgen.UsageError, match=r"save\(\)"):
            clip.save(tmp_path / "a.gif", **wrong)


def test_results_of_equal_names_are_all_written(model: SpriteModel, tmp_path: Path) -> None:
    paths = [model.sample(seed=s, steps=1).save(tmp_path / str(s) / "a.png")[0] for s in (1, 2)]
    made = model.reconstruct(*paths)
    written = made.save(tmp_path / "out")
    assert len({*written}) == 2
    with pytest.raises(pxgen.UsageError, match="exists"):
        made.save(tmp_path / "out")
    assert made.save(tmp_path / "out", force=True) == written


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (
            lambda folder: pxgen.prepare(builtin=True, cell=(8, 8), out=folder / "x"),
            "builtin draws",
        ),
        (lambda folder: pxgen.prepare(out=folder / "x"), "name what to learn from"),
        (lambda folder: pxgen.prepare(folder, builtin=True, out=folder / "x"), "not both"),
        (lambda folder: pxgen.train(folder, steps=1, minutes=1.0), "steps or minutes"),
        (lambda folder: pxgen.evaluate("starter", out="x.png"), "out: unknown key"),
    ],
)
def test_what_cannot_be_is_refused(wrong: Any, line: str, tmp_path: Path) -> None:
    with pytest.raises(pxgen.UsageError, match=line):
        wrong(tmp_path)


def test_a_training_is_the_one_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"recipe": "ae", "steps": 2, "batch": 8, "runs": "mine"}
    data = tiny_dataset(tmp_path)
    *_, last = pxgen.train(data, **options)
    assert last.checkpoint.parent == Path("mine/0001-ae")
    options["out"], stages = last.checkpoint.parent, last.position.stage + 1
    for resume, steps in ((True, [2]), (False, [1, 2] * stages)):
        reports = pxgen.train(data, **options, resume=resume)
        assert [report.position.step for report in reports] == steps
    with pytest.raises(pxgen.UsageError, match="no tpu device here"):
        next(pxgen.train(data, **options, device="tpu"))


def test_arrays_are_taken_where_images_are(model: SpriteModel, tmp_path: Path) -> None:
    sprite = model.sample(seed=3, steps=2)
    (path,) = sprite.save(tmp_path / "a.png")
    mask = np.zeros((6, 8), np.bool_)
    mask[:3] = True
    Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / "mask.png")
    by_file = model.sample(init=path, mask=tmp_path / "mask.png", steps=2).indices
    for array in (sprite.indices[0], sprite.indices[0, 0], sprite.rgba[0], sprite.rgba[0, 0]):
        assert np.array_equal(model.sample(init=array, mask=mask, steps=2).indices, by_file)
        assert np.array_equal(model.reconstruct(array).indices, model.reconstruct(path).indices)
        ways = [model.interpolate(each, 5, frames=3, to_label="left") for each in (path, array)]
        assert np.array_equal(ways[0].indices, ways[1].indices)
    with pytest.raises(pxgen.UsageError, match="no label 'up'"):
        model.interpolate(path, 5, from_label="up")
    for wrong in (np.zeros((6, 8)), np.full((6, 8), 255, np.uint8), np.zeros((0, 4), np.uint8)):
        with pytest.raises(pxgen.UsageError, match=r"is no image|palette has"):
            model.reconstruct(wrong)
    with pytest.raises(pxgen.InputError, match=r"the array \(1, 9, 9, 4\): 9x9 is larger"):
        model.reconstruct(np.zeros((9, 9), np.uint8))


def test_sizes_may_be_pairs(model: SpriteModel, tmp_path: Path) -> None:
    text, pair = (model.sample(canvas=size, steps=1).indices for size in ("16x12", (16, 12)))
    assert text.shape == (1, 1, 12, 16)
    assert np.array_equal(text, pair)


def test_things_show_themselves_in_a_line(model: SpriteModel, tmp_path: Path) -> None:
    dataset = pxgen.prepare(builtin=True, count=20, out=tmp_path / "heads")
    picture = next(model.stream(steps=1))
    for thing in (dataset, dataset.palette, picture, model, model.sample(steps=1)):
        assert len(repr(thing).replace(str(tmp_path), "")) < 60


def test_a_name_that_is_taken_is_told_in_keywords(model: SpriteModel, tmp_path: Path) -> None:
    sprite = model.sample(steps=1)
    sprite.save(tmp_path / "out")
    with pytest.raises(pxgen.UsageError, match="replace it with force, or choose another path"):
        sprite.save(tmp_path / "out")
