"""The measures of ``evaluate`` on sprites whose figures are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pxgen.builtin import KINDS, LABELS, draw
from pxgen.builtin import PALETTE as BUILTIN
from pxgen.canvas import Canvas
from pxgen.checkpoint.card import Card
from pxgen.data.dataset import Dataset, DatasetWriter, open_dataset
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.adherence import Adherence
from pxgen.evaluation.bits import held_out_bits
from pxgen.evaluation.copies import Copies
from pxgen.evaluation.figures import label_accuracy, mean_with_interval, proportion
from pxgen.evaluation.labels import Labels
from pxgen.evaluation.legality import Legality, is_builtin
from pxgen.evaluation.measure import Drawn
from pxgen.models.protocol import Stage
from pxgen.palette import Palette
from tests.tiny import PALETTE, tiny_dataset, tiny_model

CPU = torch.device("cpu")


def drawn(pixels: np.ndarray, asked: list[int] | None = None) -> Drawn:
    return Drawn(pixels, np.array(asked or [-1] * len(pixels), np.intp))


@pytest.fixture(autouse=True)
def quick_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pxgen.evaluation.judge.STEPS", 150)


def labelled(
    folder: Path,
    pixels: np.ndarray,
    labels: np.ndarray,
    held: np.ndarray,
    palette: Palette = PALETTE,
) -> Dataset:
    writer = DatasetWriter(
        folder / "dataset.safetensors",
        palette=palette,
        label_names=[f"label {k}" for k in range(labels.shape[1])],
        canvas=pixels.shape[1:],
        info={},
    )
    with writer:
        writer.append(pixels, labels, [""] * len(pixels))
        writer.finish(held.astype(np.uint8), np.arange(len(pixels), dtype=np.int32))
    return open_dataset(folder)


def toy(folder: Path, *, rare: int = 0, noise: float = 0.1, shuffled: bool = False) -> Dataset:
    """Noise with a mark of its own for each of two labels, and a third for ``rare`` sprites."""
    rng = np.random.default_rng(1)
    pixels = (rng.random((400, 1, 6, 6)) < noise).astype(np.uint8)
    labels = rng.integers(0, 2, (400, 3), dtype=np.uint8)
    held = np.arange(400) % 4 == 0
    labels[:, 2] = 0
    labels[np.flatnonzero(~held)[:rare], 2] = 1
    for k in range(3):
        pixels[:, 0, k, k] = np.where(labels[:, k] == 1, 2 + k, 0)
    if shuffled:
        labels = rng.integers(0, 2, (400, 3), dtype=np.uint8)
    return labelled(folder, pixels, labels, held)


def test_a_share_has_the_interval_of_wilson() -> None:
    figure = proportion(np.arange(100) < 90)
    assert (figure["share"], figure["count"], figure["of"]) == (0.9, 90, 100)
    # Published values of Wilson's interval for 90 of 100.
    assert figure["low"] == pytest.approx(0.8256, abs=1e-4)
    assert figure["high"] == pytest.approx(0.9448, abs=1e-4)
    assert proportion(np.ones(5, bool))["high"] == 1.0
    assert proportion(np.zeros(0, bool))["share"] is None


def test_sprites_of_one_group_count_as_one_observation() -> None:
    values = np.random.default_rng(0).normal(7, 2, 50)
    mean, low, high = mean_with_interval(values, np.arange(50))
    assert mean == pytest.approx(values.mean())
    assert high - mean == pytest.approx(1.96 * values.std(ddof=1) / 50**0.5, rel=1e-3)
    repeated = mean_with_interval(np.tile(values, 4), np.tile(np.arange(50), 4))
    assert repeated == pytest.approx((mean, low, high))


def test_obedience_counts_each_label_and_lists_the_worst() -> None:
    asked = np.array([0, 1, 0, 1, -1])
    figures = label_accuracy(["a", "b"], asked, np.array([True, False, True, True, False]))
    assert figures["shows_label"]["share"] == 0.75
    assert figures["worst"] == ["b", "a"]
    assert (figures["labels"]["b"]["count"], figures["labels"]["b"]["of"]) == (1, 2)


def test_copies_and_mirrors_of_training_sprites_are_found(tmp_path: Path) -> None:
    dataset = toy(tmp_path, noise=0.5)
    training = dataset.pixels[dataset.train]
    off = training[2:3].copy()
    off[0, 0, 5, 0] = 4
    figures = Copies(dataset).of(
        drawn(np.concatenate([training[:1], training[1:2, ..., ::-1], off]))
    )
    assert figures["exact"]["count"] == 1
    assert figures["mirrored"]["count"] == 1
    assert figures["median_distance"] == 1.0


def test_a_held_out_sprite_is_no_copy_but_the_baseline(tmp_path: Path) -> None:
    dataset = toy(tmp_path, noise=0.5)
    held, train = dataset.pixels[dataset.held_out], dataset.pixels[dataset.train]
    measure = Copies(dataset)
    by_hand = [(train != sprite).sum((1, 2, 3)).min() for sprite in held]
    assert measure.reference()["mean_distance"] == pytest.approx(np.mean(by_hand))
    figures = measure.of(drawn(held))
    assert figures["exact"]["count"] == 0
    assert figures["near"] == measure.reference()["near"]


def test_distances_count_more_pixels_than_a_byte(tmp_path: Path) -> None:
    pixels = np.zeros((3, 1, 40, 40), np.uint8)
    pixels[1], pixels[2, 0, :20] = 1, 1
    data = labelled(tmp_path, pixels, np.zeros((3, 1), np.uint8), np.zeros(3))
    crowd = SpriteIndex(data, data.train[:1])
    assert crowd.distances(pixels).tolist() == [0, 1600, 800]
    assert crowd.holds(pixels).tolist() == [True, False, False]


def test_the_judge_learns_labels_and_is_measured_on_sprites_it_has_not_seen(tmp_path: Path) -> None:
    dataset = toy(tmp_path)
    measure = Labels(dataset, seed=0, workers=2)
    reference = measure.reference()
    for name in ("label 0", "label 1"):
        quality = reference["labels"][name]
        assert quality["judge"] == "held-out"
        assert quality["bearers"] == dataset.labels[dataset.train, int(name[-1])].sum()
        assert min(quality["recall"], quality["precision"]) > 0.95
    pixels = np.zeros((4, 1, 6, 6), np.uint8)
    pixels[:2, 0, 0, 0] = 2
    figures = measure.of(drawn(pixels, [0, 1, 0, 1]))
    assert figures["labels"]["label 0"]["count"] == 1
    assert figures["labels"]["label 1"]["count"] == 0


def test_labels_that_nothing_shows_do_not_look_learnt(tmp_path: Path) -> None:
    """Noise labels can be memorised; a judge measured on what it saw would find them all."""
    reference = Labels(toy(tmp_path, shuffled=True), seed=0, workers=2).reference()
    assert reference["mean_balanced_accuracy"] == pytest.approx(0.5, abs=0.06)


def test_a_rare_label_is_judged_by_folds_that_have_not_seen_its_bearers(tmp_path: Path) -> None:
    measure = Labels(toy(tmp_path, rare=30), seed=0, workers=1)
    quality = measure.reference()["labels"]["label 2"]
    assert (quality["judge"], quality["bearers"]) == ("folds", 30)
    assert quality["recall"] > 0.8
    pixels = np.zeros((2, 1, 6, 6), np.uint8)
    pixels[0, 0, 2, 2] = 4
    assert measure.of(drawn(pixels, [2, 2]))["shows_label"]["count"] == 1


def test_a_label_without_bearers_is_left_out(tmp_path: Path) -> None:
    measure = Labels(toy(tmp_path), seed=0, workers=1)
    assert "label 2" not in measure.reference()["labels"]
    figures = measure.of(drawn(np.zeros((3, 1, 6, 6), np.uint8), [0, 1, 2]))
    assert figures["shows_label"]["of"] == 2


def test_judges_are_the_same_on_any_number_of_threads(tmp_path: Path) -> None:
    dataset = toy(tmp_path, rare=15)
    one, two = (Labels(dataset, seed=0, workers=w) for w in (1, 2))
    assert one.reference() == two.reference()


def no_loss(*_: object) -> dict[str, torch.Tensor]:
    return {}


class Stub:
    """A model of two stages whose bits are known."""

    def __init__(self) -> None:
        module = torch.nn.Identity()
        self._stages = (
            Stage("a", module, no_loss, lambda b, _: {"bits": b.pixels.flatten(1).sum(1).float()}),
            Stage("b", module, no_loss, lambda b, _: {"bits": 10 * (b.labels > 0).float().sum(1)}),
        )

    def stages(self) -> tuple[Stage, ...]:
        return self._stages

    def code_use(self, _: object) -> dict[str, int]:
        return {}


def test_bits_are_the_mean_over_held_out_sprites_of_the_sum_over_stages(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    figures = held_out_bits(Stub(), dataset, seed=0, device=CPU, workers=2)
    pixels, labels = dataset.take(dataset.held_out)
    by_hand = pixels.sum((1, 2, 3)) + 10.0 * labels.sum(1)
    assert figures["bits"] == pytest.approx(by_hand.mean())
    half = 1.96 * by_hand.std(ddof=1) / len(by_hand) ** 0.5
    assert figures["high"] - figures["bits"] == pytest.approx(half, rel=1e-3)
    assert figures["sprites"] == len(dataset.held_out)
    assert figures["by_stage"] == pytest.approx(
        {"a": pixels.sum((1, 2, 3)).mean(), "b": 10 * labels.sum(1).mean()}
    )
    assert figures["files"]["raw"] == pytest.approx(48 * np.log2(5))
    assert figures["files"]["png"] % 8 == 0


def test_the_codes_of_two_levels_are_what_their_priors_say(tmp_path: Path) -> None:
    model, dataset = tiny_model("vqvae"), tiny_dataset(tmp_path)
    figures = held_out_bits(model, dataset, seed=0, device=CPU, workers=1)
    stages = figures["by_stage"]
    assert figures["code_bits"] == pytest.approx(stages["top"] + stages["bottom"])
    assert figures["bits"] == pytest.approx(figures["code_bits"] + stages["decoder"])


def test_bits_are_the_same_on_any_number_of_threads(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, count=300)
    figures = [held_out_bits(tiny_model(), dataset, seed=0, device=CPU, workers=w) for w in (1, 3)]
    assert figures[0] == figures[1]
    assert figures[0] != held_out_bits(tiny_model(), dataset, seed=1, device=CPU, workers=1)


def characters(count: int) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = next(draw(count, 5))
    return pixels, labels


def test_legality_counts_characters_kinds_labels_and_new_ones(tmp_path: Path) -> None:
    pixels, labels = characters(2 * len(KINDS))
    held = np.arange(len(pixels)) % 2 == 1
    data = labelled(tmp_path, pixels, labels, held, BUILTIN)
    broken = pixels.copy()
    broken[0, 0, 0, 0], broken[1, 0, 0, :2] = 3, (4, 5)
    asked = [int(np.flatnonzero(row)[-1]) for row in labels]
    asked[4] = int(np.flatnonzero(labels[4] == 0)[0])
    figures = Legality(SpriteIndex(data, data.train)).of(drawn(broken, asked))
    assert figures["legal"]["count"] == len(pixels) - 2
    assert figures["shows_label"]["count"] == len(pixels) - 1
    assert figures["wrong_pixels"] == 1.5
    assert figures["kinds"] == len(KINDS)
    # Half are training sprites; of those the first is broken, and so is one of the new ones.
    assert figures["new"]["count"] == len(pixels) // 2 + 1
    assert figures["legal_and_new"]["count"] == len(pixels) // 2 - 1


def test_missing_kinds_are_named() -> None:
    pixels, labels = characters(len(KINDS))
    robots = labels[:, LABELS.index("robot")] == 1
    figures = Legality(None).of(drawn(pixels[~robots]))
    assert figures["missing_kinds"] == ["robot"]
    assert figures["new"] is None


def test_only_models_of_the_builtin_set_are_judged_by_its_rules() -> None:
    builtin = Card({}, Canvas(1, 24, 24), BUILTIN, LABELS, "")
    assert is_builtin(builtin)
    assert not is_builtin(Card({}, Canvas(1, 32, 32), BUILTIN, LABELS, ""))
    assert not is_builtin(Card({}, Canvas(1, 24, 24), PALETTE, LABELS, ""))
    assert not is_builtin(Card({}, Canvas(1, 24, 24), BUILTIN, ("alien",), ""))


def test_adherence_reads_the_files_back() -> None:
    pixels = np.random.default_rng(0).integers(0, len(PALETTE), (5, 2, 4, 3), dtype=np.uint8)
    assert Adherence(PALETTE).of(drawn(pixels)) == {"pixels": 1.0, "identical": 1.0}


def test_adherence_notices_a_writer_that_changes_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    import pxgen.evaluation.adherence as module

    encode = module.encode_png
    monkeypatch.setattr(module, "encode_png", lambda map_, palette: encode(map_ * 0 + 1, palette))
    swapped = np.full((2, 1, 4, 3), 2, np.uint8)
    assert Adherence(PALETTE).of(drawn(swapped)) == {"pixels": 1.0, "identical": 0.0}
