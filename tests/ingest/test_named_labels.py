"""Labels in captions, metadata, StyleGAN's JSON, names by a pattern, and separators."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pxgen.data.dataset import Dataset
from tests.support.preparing import hero, prepared, run, save


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def drawn(*names: str) -> None:
    for k, name in enumerate(names):
        save(f"in/{name}", hero(k))


def written(name: str, text: str) -> None:
    path = Path("in", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def labels(dataset: Dataset) -> dict[str, set[str]]:
    return {
        name: {label for label, set_ in zip(dataset.label_names, row, strict=True) if set_}
        for name, row in zip(dataset.names, dataset.marks, strict=True)
    }


def test_captions_beside_images_are_labels() -> None:
    """As sd-scripts lay them out: a text of the image's name, labels between commas."""
    drawn("10_knight/000.png", "10_knight/001.png", "5_orc/000.png")
    written("10_knight/000.txt", "red, knight, sword\n")
    written("10_knight/001.txt", "\ufeffblue, knight\r\nsword,\n")
    written("5_orc/000.caption", "orc")
    written("readme.txt", "about")
    result = run("in")
    assert "labels from 3 captions beside the sprites" in result.stderr
    assert "1 other files ignored" in result.stderr
    found = labels(prepared("in", "--force"))
    assert found == {
        "10_knight/000.png": {"red", "knight", "sword"},
        "10_knight/001.png": {"blue", "knight", "sword"},
        "5_orc/000.png": {"orc"},
    }
    folders = prepared("in", "--labels", "folders", "--force")
    assert folders.label_names == ("5_orc", "10_knight")


def test_captions_are_names_and_one_an_image() -> None:
    drawn("q.png", "r.png")
    written("q.txt", "x")
    written("r.txt", "y")
    assert labels(prepared("in")) == {"q.png": {"x"}, "r.png": {"y"}}
    written("r.txt", "")
    assert labels(prepared("in", "--force")) == {"q.png": {"x"}, "r.png": set()}
    written("q.caption", "z")
    two = run("in", "--force")
    assert (two.exit_code, "captions of one image: leave one" in two.stderr) == (3, True)
    assert prepared("in", "--labels", "none", "--force").label_names == ()


def test_captions_of_few_sprites_count_if_asked_for() -> None:
    drawn("a/0.png", "a/1.png", "b/0.png")
    written("a/0.txt", "red; big")
    assert prepared("in").label_names == ("a", "b")
    asked = prepared("in", "--labels", "captions", "--label-separator", ";", "--force")
    assert labels(asked) == {"a/0.png": {"red", "big"}, "a/1.png": set(), "b/0.png": set()}
    Path("in/a/0.txt").write_bytes(b"\xe9")
    bad = run("in", "--labels", "captions", "--force")
    assert (bad.exit_code, "0.txt: not UTF-8 text" in bad.stderr) == (3, True)
    Path("in/a/0.txt").unlink()
    none = run("in", "--labels", "captions", "--force")
    assert (none.exit_code, "no .txt or .caption file" in none.stderr) == (3, True)


def test_labels_that_captions_share_are_many_and_sentences_are_none() -> None:
    drawn(*(f"{k}.png" for k in range(20)))
    for k in range(20):
        written(f"{k}.txt", ", ".join(f"tag {(k + step) % 40}" for step in range(0, 40, 4)))
    assert len(prepared("in").label_names) == 40
    for k in range(20):
        written(f"{k}.txt", f"a sword of {k}, and a shield of {k}")
    result = run("in", "--force")
    assert "40 different texts, not taken" in result.stderr
    assert len(prepared("in", "--labels", "captions", "--force").label_names) == 40


def lines(*rows: dict[str, object]) -> str:
    return "\n".join(json.dumps(row) for row in rows) + "\n"


def test_metadata_of_an_image_folder() -> None:
    """Hugging Face's JSON lines; columns of tables, such as boxes, are left out."""
    drawn("0.png", "1.png", "2.png")
    boxes = {"bbox": [[1, 2, 3, 4]], "categories": [0]}
    kinds = ["knight", "orc", "knight"]
    rows = [
        {"file_name": f"{k}.png", "kind": kind, "objects": boxes} for k, kind in enumerate(kinds)
    ]
    written("metadata.jsonl", lines(*rows))
    result = run("in")
    assert "labels from metadata.jsonl" in result.stderr
    found = {"0.png": {"knight"}, "1.png": {"orc"}, "2.png": {"knight"}}
    assert labels(prepared("in", "--force")) == found
    assert labels(prepared("in", "--labels", "in/metadata.jsonl", "--force")) == found
    # Only a line feed ends a line of JSON.
    written("metadata.jsonl", lines(*rows).replace("}", ', "note": "\u2028"}'))
    assert labels(prepared("in", "--force")) == found
    written("metadata.jsonl", lines({"file_name": "0.png", "kind": "one"}) + "[3]\n")
    bad = run("in", "--labels", "in/metadata.jsonl", "--force")
    assert (bad.exit_code, "line 2: write a table" in bad.stderr) == (3, True)


def test_metadata_is_about_its_own_folder_even_alone() -> None:
    drawn("a/q.png", "b/q.png")
    written("a/metadata.jsonl", lines({"file_name": "q.png", "kind": "elf"}))
    for options in ((), ("--labels", "in/a/metadata.jsonl")):
        found = labels(prepared("in", "--force", *options))
        assert found == {"a/q.png": {"elf"}, "b/q.png": set()}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_metadata_in_each_folder_of_a_split(form: str) -> None:
    """Files of the same names: each metadata is about its own folder."""
    drawn("train/0.png", "train/1.png", "test/0.png")
    kinds = {"train": ["knight", "orc"], "test": ["orc"]}
    for folder, own in kinds.items():
        rows = [{"file_name": f"{k}.png", "kind": kind} for k, kind in enumerate(own)]
        table = "file_name,kind\n" + "".join(f"{r['file_name']},{r['kind']}\n" for r in rows)
        written(f"{folder}/metadata.{form}", lines(*rows) if form == "jsonl" else table)
    dataset = prepared("in")
    assert labels(dataset) == {
        "test/0.png": {"orc"}, "train/0.png": {"knight"}, "train/1.png": {"orc"}
    }  # fmt: skip
    assert [dataset.names[k] for k in dataset.held_out] == ["test/0.png"]


@pytest.mark.parametrize("own", [[0, 2, 0], [[1, 0, 0], [0, 0, 1], [1.0, 0, 0]]])
def test_labels_of_stylegan(own: list[object]) -> None:
    names = ["00000/img00000000.png", "00000/img00000001.png", "00001/img00001000.png"]
    drawn(*names)
    pairs = [[name, label] for name, label in zip(names, own, strict=True)]
    written("dataset.json", json.dumps({"labels": pairs}))
    dataset = prepared("in")
    assert dataset.label_names == ("class-0", "class-2")
    assert [labels(dataset)[name] for name in names] == [{"class-0"}, {"class-2"}, {"class-0"}]
    named = prepared("in", "--label-names", "knight,mage,orc", "--force")
    assert [labels(named)[name] for name in names] == [{"knight"}, {"orc"}, {"knight"}]
    assert run("in", "--label-names", "knight", "--force").exit_code == 2


def test_without_labels_stylegan_has_none() -> None:
    drawn("a.png", "b.png")
    written("dataset.json", json.dumps({"labels": None}))
    assert prepared("in").label_names == ()


def test_labels_in_names_by_a_pattern() -> None:
    drawn("knight_red_00.png", "knight_dark_blue_01.png", "orc_red_00.png", "x.png")
    result = run("in", "--label-pattern", "{kind}_{colour}_#")
    told = " ".join(result.stderr.split())
    assert "1 sprites have other names (such as x.png)" in told
    found = labels(prepared("in", "--label-pattern", "{kind}_{colour}_#", "--force"))
    assert found == {
        "knight_red_00.png": {"knight", "red"},
        "knight_dark_blue_01.png": {"knight", "dark_blue"},
        "orc_red_00.png": {"orc", "red"},
        "x.png": set(),
    }
    first = labels(prepared("in", "--label-pattern", "{kind}_*", "--force"))
    assert first["knight_dark_blue_01.png"] == {"knight"}


@pytest.mark.parametrize(
    ("names", "pattern", "wanted"),
    [
        (("knight00.png", "orc1.png"), "{kind}#", [{"knight"}, {"orc"}]),
        (
            ("u/red/orc-1.png", "u/blue/imp-1.png"),
            "{hue}/{kind}-#",
            [{"red", "orc"}, {"blue", "imp"}],
        ),
        (("a.b(1).png", "c.b(2).png"), "{who}.b(#)", [{"a"}, {"c"}]),
        (("fire+ice-1.png", "ice-2.png"), "{kind}-#", [{"fire", "ice"}, {"ice"}]),
    ],
)
def test_patterns(names: tuple[str, ...], pattern: str, wanted: list[set[str]]) -> None:
    drawn(*names)
    options = ("--label-separator", "+") if "+" in names[0] else ()
    found = labels(prepared("in", "--label-pattern", pattern, *options))
    ends = [next(own for name, own in found.items() if n.endswith(name)) for n in names]
    assert ends == wanted


def test_patterns_label_clips_of_files() -> None:
    for name in ("knight_run", "orc_run"):
        for k in range(2):
            save(f"in/{name}_f{k}.png", hero(k + len(name)))
    found = labels(prepared("in", "--label-pattern", "{kind}_{motion}"))
    assert found == {"knight_run": {"knight", "run"}, "orc_run": {"orc", "run"}}


def test_patterns_that_mean_nothing_are_refused() -> None:
    drawn("a_1.png", "b_1.png")
    for pattern in ("*_#", "{}_#", "{a}_{a}", "{a-{b}_#", "{a}_#}"):
        assert run("in", "--label-pattern", pattern).exit_code == 2, pattern
    none = run("in", "--label-pattern", "{a}-#")
    assert (none.exit_code, "no name is such, as of a_1" in none.stderr) == (3, True)
    assert run("in", "--label-pattern", "{a}_#", "--labels", "folders").exit_code == 2


def test_a_separator_is_taken_at_its_word() -> None:
    drawn("0.png", "1.png")
    written("t.csv", 'file,what\n0.png,"knight, red, big"\n1.png,"orc; green"\n')
    whole = {"0.png": {"knight, red, big"}, "1.png": {"orc", "green"}}
    assert labels(prepared("in")) == whole
    commas = labels(prepared("in", "--label-separator", ",", "--force"))
    assert commas == {"0.png": {"knight", "red", "big"}, "1.png": {"orc; green"}}
    Path("in/t.csv").unlink()
    unread = run("in", "--label-separator", ",", "--force")
    assert (unread.exit_code, "--label-separator stands between labels" in unread.stderr) == (
        2,
        True,
    )
