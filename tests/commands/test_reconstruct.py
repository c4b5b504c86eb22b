"""``pxgen reconstruct``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.render.png import decode_png, encode_png
from tests.support.checkpoints import save, sprite
from tests.support.tiny import FAMILIES, PALETTE


def run(folder: Path, *arguments: str) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(pxgen, ["reconstruct", "-m", str(folder), *arguments])
    return result.exit_code, result.stdout.splitlines(), result.stderr


@pytest.mark.parametrize("recipe", FAMILIES)
def test_every_model_reconstructs_side_by_side(recipe: str, tmp_path: Path) -> None:
    save(tmp_path, recipe=recipe)
    image = sprite(tmp_path)
    code, lines, said = run(tmp_path, str(image), "-o", f"{tmp_path}/out/", "--scale", "2")
    assert code == 0
    assert lines == [f"{tmp_path}/out/one-reconstructed.png"]
    indices, palette = decode_png(Path(lines[0]))
    assert palette == PALETTE
    assert indices.shape == (12, 2 * (3 * 8 + 2))
    before, after, missed = (indices[::2, ::2][:, k * 9 : k * 9 + 8] for k in range(3))
    np.testing.assert_array_equal(before, decode_png(image)[0])
    np.testing.assert_array_equal(missed, np.where(before == after, 0, before))
    share = (before == after).mean()
    assert f"{share:.2%} exact" in said


@pytest.mark.parametrize("recipe", FAMILIES)
def test_an_image_alone_is_what_it_is_in_company(recipe: str, tmp_path: Path) -> None:
    """Four share a group, whose seats say the numbers, and a shard begins inside of one."""
    save(tmp_path, recipe=recipe)
    images = [str(sprite(tmp_path, f"{i}.png")) for i in range(6)]
    assert run(tmp_path, *images, "-o", f"{tmp_path}/all/")[0] == 0
    assert run(tmp_path, *images, "--shard", "2/4", "-o", f"{tmp_path}/part/")[0] == 0
    part = sorted((tmp_path / "part").iterdir())
    assert [path.name for path in part] == ["1-reconstructed.png", "2-reconstructed.png"]
    for path in part:
        assert path.read_bytes() == (tmp_path / "all" / path.name).read_bytes()


def test_figures_are_weighed_by_pixels(tmp_path: Path) -> None:
    save(tmp_path)
    images = [str(sprite(tmp_path, "a.png")), str(sprite(tmp_path, "b.png"))]
    code, lines, _ = run(tmp_path, *images, "-o", f"{tmp_path}/x.png", "--json")
    facts = json.loads("\n".join(lines))
    assert code == 0
    assert facts["exact"] == pytest.approx(np.mean([i["exact"] for i in facts["images"]]))
    assert [i["foreground_pixels"] for i in facts["images"]] == [12, 12]


def test_enlarged_and_smaller_images_fit_and_larger_ones_are_refused(tmp_path: Path) -> None:
    save(tmp_path)
    assert run(tmp_path, str(sprite(tmp_path, scale=3)), "-o", f"{tmp_path}/a.png")[0] == 0
    small = tmp_path / "small.png"
    small.write_bytes(encode_png(np.ones((2, 3), np.uint8), PALETTE))
    assert run(tmp_path, str(small), "-o", f"{tmp_path}/b.png")[0] == 0
    large = tmp_path / "large.png"
    large.write_bytes(encode_png(np.eye(9, dtype=np.uint8), PALETTE))
    code, _, said = run(tmp_path, str(large), "-o", f"{tmp_path}/c.png")
    assert code == 3
    assert "9x9 is larger than the canvas 8x6 of the model" in said
    assert not (tmp_path / "c.png").exists()


def test_foreign_colours_are_snapped_and_counted_or_refused(tmp_path: Path) -> None:
    from PIL import Image

    save(tmp_path)
    picture = np.zeros((6, 8, 4), np.uint8)
    picture[0, :3] = (201, 3, 0, 255)
    path = tmp_path / "foreign.png"
    Image.fromarray(picture).save(path)
    code, lines, said = run(tmp_path, str(path), "-o", f"{tmp_path}/out.png")
    assert code == 0
    assert "3 pixels off the palette" in said
    assert (decode_png(Path(lines[0]))[0][0, :3] == 1).all()
    code, _, said = run(tmp_path, str(path), "--strict", "-o", f"{tmp_path}/no.png")
    assert code == 3
    assert "3 pixels are of colours that the model's palette lacks" in said
    assert not (tmp_path / "no.png").exists()


def test_derived_names_replace_nothing(tmp_path: Path) -> None:
    save(tmp_path)
    arguments = (str(sprite(tmp_path)), "-o", f"{tmp_path}/out/")
    assert run(tmp_path, *arguments)[0] == 0
    code, _, said = run(tmp_path, *arguments)
    assert code == 2
    assert "--force" in said
    assert run(tmp_path, *arguments, "--force")[0] == 0


def test_shards_join_to_the_bytes_of_one_run(tmp_path: Path) -> None:
    save(tmp_path)
    images = [str(sprite(tmp_path, f"{name}.png")) for name in "abcde"]
    assert run(tmp_path, *images, "-o", f"{tmp_path}/whole/")[0] == 0
    for shard in ("1/2", "2/2"):
        assert run(tmp_path, *images, "--shard", shard, "-o", f"{tmp_path}/parts/")[0] == 0
    whole, parts = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("whole", "parts")
    )
    assert len(whole) == 5
    assert whole == parts
    code, lines, said = run(tmp_path, *images, "--shard", "1/6", "-o", f"{tmp_path}/none/")
    assert (code, lines, said) == (0, [], "")


def test_smaller_images_stand_where_those_of_the_dataset_stood(tmp_path: Path) -> None:
    small = np.array([[1, 2], [3, 4]], np.uint8)
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"in/{name}.png").write_bytes(encode_png(small, PALETTE))
        small = small[::-1]
    runner = CliRunner()
    for anchor, row in (("bottom", 6), ("center", 3)):
        out = f"{tmp_path}/{anchor}"
        prepare = ["prepare", f"{tmp_path}/in", "-o", out, "--size", "8x8", "--anchor", anchor]
        assert runner.invoke(pxgen, [*prepare, "--holdout", "0"]).exit_code == 0
        train = ["train", "--dataset", out, "-o", f"{out}/run", "--recipe", "ae", "--steps", "1"]
        assert runner.invoke(pxgen, train).exit_code == 0
        image = f"{tmp_path}/in/a.png"
        assert run(Path(out) / "run", image, "-o", f"{out}/r.png")[0] == 0
        before = decode_png(Path(f"{out}/r.png"))[0][:, :8]
        assert (before > 0).any(1).nonzero()[0].tolist() == [row, row + 1]


def test_levels_of_codes_are_decoded_apart(tmp_path: Path) -> None:
    save(tmp_path, recipe="vqvae")
    image = sprite(tmp_path)
    made = {}
    for level in ("both", "top", "bottom"):
        out = tmp_path / f"{level}.png"
        assert run(tmp_path, str(image), "--level", level, "-o", str(out))[0] == 0
        made[level] = decode_png(out)[0].tobytes()
    assert len(set(made.values())) == 3
    save(tmp_path, recipe="vae")
    code, _, said = run(tmp_path, str(image), "--level", "top")
    assert code == 2
    assert "have one level: leave --level out" in " ".join(said.split())


def test_results_never_replace_one_another(tmp_path: Path) -> None:
    save(tmp_path)
    long = "n" * 130
    names = [
        "a b",
        "a-b",
        "a+b",
        "A b",
        "é",
        "e\N{COMBINING ACUTE ACCENT}",
        "é-2",
        long,
        long + "x",
    ]
    images = [str(sprite(tmp_path, f"{name}.png")) for name in names]
    code, lines, _ = run(tmp_path, *images, "-o", f"{tmp_path}/out/")
    assert (code, len(set(lines))) == (0, len(names))
    assert len({line.casefold() for line in lines}) == len(names)
    assert all(line.endswith("-reconstructed.png") and Path(line).exists() for line in lines)
    # A shard names its results as the whole run does.
    _, shard, _ = run(tmp_path, *images, "-o", f"{tmp_path}/part/", "--shard", "2/3")
    assert [Path(line).name for line in shard] == [Path(line).name for line in lines[3:6]]


def test_figures_of_jobs_are_told_by_their_lines(work: Path) -> None:
    save(work, recipe="ae")
    sprite(work)
    lines = '{"images": "one.png", "out": "a.png"}\n' * 2 + '{"images": [], "out": "b.png"}\n'
    Path("jobs").write_text(lines.replace("a.png", "c.png", 1))
    status, made, said = run(work, "--jobs", "jobs", "-j", "1")
    assert (status, made) == (1, ["c.png", "a.png"])
    for line in ("jobs:1: one.png: ", "jobs:2: one.png: ", "jobs:2: all: ", "jobs:3: no images"):
        assert line in said


def test_an_image_is_never_replaced_by_its_reconstruction(tmp_path: Path) -> None:
    save(tmp_path)
    image = sprite(tmp_path)
    before = image.read_bytes()
    code, _, said = run(tmp_path, str(image), "-o", str(image))
    assert (code, "is one of the images" in said) == (2, True)
    assert image.read_bytes() == before
