"""Which rows of a table are of which sprites."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from pxgen.data.dataset import Dataset
from tests.support.preparing import hero, heroes, prepared, run, save

NFD = "\N{COMBINING ACUTE ACCENT}"


def labels(dataset: Dataset) -> dict[str, set[str]]:
    """The labels of each sprite by its name."""
    return {
        name: {dataset.label_names[k] for k in np.flatnonzero(marks)}
        for name, marks in zip(dataset.names, dataset.marks, strict=True)
    }


def two_folders() -> None:
    for number, folder in enumerate(("knight", "orc")):
        for i in range(3):
            save(f"p/{folder}/{i:03}.png", hero(10 * number + i))


EXPECTED = {f"{kind}/{i:03}.png": {kind[0]} for kind in ("knight", "orc") for i in range(3)}


@pytest.mark.usefixtures("work")
def test_a_table_that_names_few_of_the_sprites_is_not_theirs() -> None:
    heroes("art")
    Path("art/notes.csv").write_text("page,what\n1,draft\n99,final\n")
    assert prepared("art").label_names == ("elf", "orc")
    Path("art/frames.json").write_text(json.dumps({"a.png": {"frame": {"x": 0}}}))
    assert prepared("art", "--force").label_names == ("elf", "orc")


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    "path",
    [
        "{0}/{1:03}.png",
        "sprites/{0}/{1:03}.png",
        "C:\\Users\\me\\sprites\\{0}\\{1:03}.png",
        "/content/drive/MyDrive/sprites/{0}/{1:03}.png",
        "./{0}/{1:03}.PNG",
        "SPRITES/{0}/{1:03}",
    ],
)
@pytest.mark.parametrize("head", ["file,class\n", ""])
def test_the_longest_end_of_a_path_names_the_sprite(path: str, head: str) -> None:
    two_folders()
    rows = [f"{path.format(k, i)},{k[0]}" for k in ("knight", "orc") for i in range(3)]
    for text in ("\n".join([head + rows[0], *rows[1:]]), "\r\n".join([head + rows[0], *rows[1:]])):
        Path("t.csv").write_bytes(("\ufeff" + text).encode())
        dataset = prepared("p", "--labels", "t.csv", "--force")
        assert labels(dataset) == EXPECTED


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize("cell", ["{:03}.png", "elsewhere/{:03}.png", "{:03}"])
def test_a_name_of_several_sprites_is_refused(cell: str, auto: bool) -> None:
    two_folders()
    table = "p/t.csv" if auto else "t.csv"
    Path(table).write_text("file,class\n" + "".join(f"{cell.format(i)},k\n" for i in range(3)))
    result = run("p", *([] if auto else ["--labels", table]))
    assert result.exit_code == 3
    assert "may be knight/000.png or orc/000.png" in result.stderr


@pytest.mark.usefixtures("work")
def test_a_sprite_of_several_rows_goes_to_the_longest_or_is_refused() -> None:
    save("p/001.png", hero(1))
    save("p/train/002.png", hero(2))
    Path("t.csv").write_text("file,class\nx/001.png,a\ntrain/002.png,b\ntest/002.png,c\n")
    dataset = prepared("p", "--labels", "t.csv")
    assert labels(dataset) == {"001.png": {"a"}, "train/002.png": {"b"}}
    Path("t.csv").write_text("file,class\na/001.png,a\nb/001.png,b\n")
    result = run("p", "--labels", "t.csv", "--force")
    assert (result.exit_code, "may be 'a/001.png' or 'b/001.png'" in result.stderr) == (3, True)


@pytest.mark.usefixtures("work")
def test_a_number_that_two_sprites_share_names_neither() -> None:
    two_folders()
    Path("t.csv").write_text("id,class\n0,a\n1,b\n2,a\n")
    assert run("p", "--labels", "t.csv").exit_code == 3


@pytest.mark.usefixtures("work")
def test_a_heading_stays_one_where_a_sprite_is_called_so() -> None:
    for i, name in enumerate(("name", "a", "b")):
        save(f"p/{name}.png", hero(i))
    Path("t.csv").write_text("name,class\nname,elf\na,orc\nb,elf\n")
    dataset = prepared("p", "--labels", "t.csv")
    assert labels(dataset) == {"name.png": {"elf"}, "a.png": {"orc"}, "b.png": {"elf"}}


@pytest.mark.usefixtures("work")
def test_one_row_without_a_heading_labels_one_sprite() -> None:
    save("p/a.png", hero(1))
    Path("t.csv").write_text("a.png,knight,knight\n")
    Path("u.csv").write_text("sep=;\nfile;class\na.png;knight\n")
    for table, columns in (("t.csv", "column 2"), ("u.csv", "class")):
        options = ("--labels", table, "--label-columns", columns, "--force")
        assert labels(prepared("p", *options)) == {"a.png": {"knight"}}


@pytest.mark.usefixtures("work")
def test_cells_elements_and_tags_are_named_one_by_one() -> None:
    for number in range(2):
        rows = [np.concatenate([hero(9 * number + 3 * r + c) for c in range(3)], 1) for r in (0, 1)]
        save(f"p/{'ab'[number]}.png", np.concatenate(rows))
    Path("t.csv").write_text(
        'cell,way\n"/elsewhere/a.png#0,0",down\n"a.png#1,0",left\n"b.png#1, 2",up\n"b.png#9,9",x\n'
    )
    result = run("p", "--cell", "8x8", "--labels", "t.csv")
    assert "1 rows name parts that are not there, such as b.png#9,9" in result.stderr
    assert "labels that no sprite bears are left out: x" in result.stderr
    dataset = prepared("p", "--cell", "8x8", "--labels", "t.csv", "--force")
    found = labels(dataset)
    borne = {"a.png#0,0": {"down"}, "a.png#1,0": {"left"}, "b.png#1,2": {"up"}}
    assert {name: each for name, each in found.items() if each} == borne
    assert dataset.label_names == ("down", "left", "up")

    np.save("h.npy", np.stack([hero(i) for i in range(3)]))
    Path("t.csv").write_text("which,kind\nh.npy#2,elf\nh.npy#0,orc\n")
    found = labels(prepared("h.npy", "--labels", "t.csv", "--force"))
    assert found == {"h.npy#0": {"orc"}, "h.npy#1": set(), "h.npy#2": {"elf"}}


@pytest.mark.usefixtures("work")
def test_rows_for_sprites_that_are_not_there_give_no_label() -> None:
    for name in ("000", "001", "002"):
        save(f"p/{name}.png", hero(int(name)))
    save("p/bad.png", hero(9))
    Path("p/bad.png").write_bytes(b"bad")
    Path("t.csv").write_text("f,k\n000.png,knight\n001.png,orc\nbad.png,gnome\ngone.png,ghost\n")
    result = run("p", "--labels", "t.csv", "--skip-bad")
    assert "labels that no sprite bears are left out: ghost, gnome" in result.stderr
    dataset = prepared("p", "--labels", "t.csv", "--skip-bad", "--force")
    assert dataset.label_names == ("knight", "orc")


@pytest.mark.usefixtures("work")
def test_names_are_one_however_a_keyboard_or_a_disk_spells_them() -> None:
    for number, folder in enumerate(("e" + NFD + "pe", "épe", "bouclier")):
        save(f"p/{folder}/{number}.png", hero(number))
    assert prepared("p").label_names == ("bouclier", "épe")
    Path("t.csv").write_text(f"file,class\n0.png,a{NFD}\nÉPE/1.png,b\n")
    save(f"q/e{NFD}pe/0.png", hero(0))
    save(f"q/e{NFD}pe/1.png", hero(1))
    dataset = prepared("q", "--labels", "t.csv", "--force")
    assert labels(dataset) == {"épe/0.png": {"á"}, "épe/1.png": {"b"}}
    assert all(unicodedata.is_normalized("NFC", name) for name in dataset.names)


@pytest.mark.usefixtures("work")
def test_labels_that_differ_in_case_alone_are_pointed_out() -> None:
    save("p/Knight/0.png", hero(0))
    save("p/knight/1.png", hero(1))
    assert "differ in case or accents alone: Knight, knight" in run("p").stderr


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("deep", [False, True])
def test_folders_called_as_the_sides_of_a_split_are_one(deep: bool) -> None:
    inner = "all/" if deep else ""
    for number, side in enumerate(("train", "Test", "valid")):
        for kind in ("knight", "orc"):
            save(f"p/{inner}{side}/{kind}/0.png", hero(10 * number + len(kind)))
    result = run("p")
    assert "2 labels from folders: knight, orc" in result.stderr
    assert "4 of 6 sprites held out, as their folders say" in result.stderr
    dataset = prepared("p", "--force")
    held = {dataset.names[row] for row in dataset.held_out}
    assert {name.removeprefix(inner).partition("/")[0] for name in held} == {"Test", "valid"}
    assert len(prepared("p", "--holdout", 0, "--force").held_out) == 0


@pytest.mark.usefixtures("work")
def test_copies_across_a_split_of_folders_are_pointed_out() -> None:
    for side in ("train", "val"):
        save(f"p/{side}/0.png", hero(1))
        save(f"p/{side}/1.png", hero(2 + len(side)))
    assert "1 of them are copies, mirrors or recolours of others" in run("p").stderr


@pytest.mark.usefixtures("work")
def test_a_class_called_train_among_others_is_a_label() -> None:
    for number, kind in enumerate(("train", "car", "test")):
        save(f"p/{kind}/{number}.png", hero(number))
    assert prepared("p").label_names == ("car", "test", "train")
