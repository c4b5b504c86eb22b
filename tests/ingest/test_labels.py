"""Labels from tables, folders and arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pxgen.config.settings import DataSettings
from pxgen.errors import InputError, UsageError
from pxgen.ingest.columns import label_columns
from pxgen.ingest.labels import find_labels
from pxgen.ingest.match import Unit, match_rows
from pxgen.ingest.tables import read_label_table


def units(*names: str) -> list[Unit]:
    return [Unit(name) for name in names]


def labels_of(text: str, names: list[Unit], tmp_path: Path, **request: object) -> list[set[str]]:
    path = tmp_path / ("labels.json" if text[0] in "[{" else "labels.csv")
    path.write_text(text, "utf-8")
    found = find_labels(names, (), {}, DataSettings(labels=str(path), **request))  # type: ignore[arg-type]
    assert {name for row in found.of for name in row} <= set(found.names)
    return [set(row) for row in found.of]


PUNKS = units("images/punk0000.png", "images/punk0001.png", "images/punk0002.png")


def test_columns_of_names_with_a_separator(tmp_path: Path) -> None:
    text = (
        "id, type, count, accessories\n"
        "0, Female, 2, Earring / Blonde Bob\n"
        "1, Male, 3, Smile / Earring\n"
        "2, Male, 0, \n"
    )
    assert labels_of(text, PUNKS, tmp_path) == [
        {"Female", "Earring", "Blonde Bob"},
        {"Male", "Smile", "Earring"},
        {"Male"},
    ]


def test_columns_of_yes_and_no(tmp_path: Path) -> None:
    text = "file;hat;beard\npunk0000.png;1;0\npunk0001.png;0;1\npunk0002.png;1;1\n"
    assert labels_of(text, PUNKS, tmp_path) == [{"hat"}, {"beard"}, {"hat", "beard"}]


def test_numbers_are_quantities_unless_chosen(tmp_path: Path) -> None:
    text = "id,level,kind\n0,5,elf\n1,7,orc\n2,5,elf\n"
    assert labels_of(text, PUNKS, tmp_path) == [{"elf"}, {"orc"}, {"elf"}]
    chosen = labels_of(text, PUNKS, tmp_path, label_columns="level")
    assert chosen == [{"level=5"}, {"level=7"}, {"level=5"}]
    with pytest.raises(UsageError, match="no column 'size'; it has id, level, kind"):
        labels_of(text, PUNKS, tmp_path, label_columns="size")


def test_a_name_in_two_columns_is_told_apart(tmp_path: Path) -> None:
    text = "id,hair,hat\n0,red,red\n1,blue,none\n2,red,green\n"
    assert labels_of(text, PUNKS, tmp_path) == [
        {"hair=red", "hat=red"},
        {"blue", "none"},
        {"hair=red", "green"},
    ]


def test_class_vectors_get_the_names_given(tmp_path: Path) -> None:
    text = "id,Label\n0,[1. 0. 0.]\n1,[0. 0. 1.]\n2,[0. 1. 0.]\n"
    assert labels_of(text, PUNKS, tmp_path) == [{"class-0"}, {"class-2"}, {"class-1"}]
    found = labels_of(text, PUNKS, tmp_path, label_names="hero,food,tool")
    assert found == [{"hero"}, {"tool"}, {"food"}]
    for names in ("hero,food", "hero,food,tool,tile"):
        with pytest.raises(UsageError, match="the labels have 3 classes"):
            labels_of(text, PUNKS, tmp_path, label_names=names)


def test_class_names_are_as_many_as_classes_of_all_arrays_together() -> None:
    elements = [Unit(name, i) for name in ("a.npy", "b.npy") for i in range(2)]
    arrays = {"a.npy": (np.array([0, 2]), ()), "b.npy": (np.array([1, 0]), ())}
    named = find_labels(elements, (), arrays, DataSettings(label_names="x,y,z"))
    assert named.of == [("x",), ("z",), ("y",), ("x",)]
    for names in ("x,y", "x,y,z,w"):
        with pytest.raises(UsageError, match="the labels have 3 classes"):
            find_labels(elements, (), arrays, DataSettings(label_names=names))
    words = {"a.npy": (np.array(["elf", "orc"]), ()), "b.npy": (np.array(["elf", "x"]), ())}
    with pytest.raises(UsageError, match="no such array is read"):
        find_labels(elements, (), words, DataSettings(label_names="x,y"))


@pytest.mark.parametrize("labels", ["auto", "none", "folders"])
def test_columns_without_a_label_file_are_refused(labels: str) -> None:
    settings = DataSettings(labels=labels, label_columns="kind")
    with pytest.raises(UsageError, match=r"none is read: give it with --labels"):
        find_labels(units("elf/a.png", "orc/b.png"), (), {}, settings)


def test_texts_that_say_nothing_are_not_labels(tmp_path: Path) -> None:
    many = units(*(f"{i}.png" for i in range(80)))
    rows = "".join(f"{i},a note on sprite {i},cc0,elf{i % 2},{i}.jpg\n" for i in range(80))
    found = labels_of("id,note,licence,kind,preview\n" + rows, many, tmp_path)
    assert found == [{f"elf{i % 2}"} for i in range(80)]


def test_commas_inside_whole_names_do_not_split_them(tmp_path: Path) -> None:
    text = 'id,who\n0,"Smith, John"\n1,"Doe, Jane"\n2,"Roe, Max"\n'
    assert labels_of(text, PUNKS, tmp_path)[0] == {"Smith, John"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"0": {"Alien": 0, "Cap": 3}, "1": {"Ape": 1}, "2": {}},
            [{"Alien", "Cap"}, {"Ape"}, set()],
        ),
        ({"punk0000": ["Alien"], "punk0001": "Ape"}, [{"Alien"}, {"Ape"}, set()]),
        (
            {"0": {"Alien": 0, "Ape": 1}, "1": {"Alien": 1, "Ape": 0}},
            [{"Ape"}, {"Alien"}, set()],
        ),
        ({"0": {"Alien": True, "Ape": False}, "1": {"Cap": True}}, [{"Alien"}, {"Cap"}, set()]),
        ([["Alien"], [], ["Ape", "Cap"]], [{"Alien"}, set(), {"Ape", "Cap"}]),
        (
            [{"file": "punk0002.png", "labels": ["Alien", "Cap"]}, {"file": "punk0000.png"}],
            [set(), set(), {"Alien", "Cap"}],
        ),
    ],
)
def test_json_shapes(tmp_path: Path, content: object, expected: list[set[str]]) -> None:
    assert labels_of(json.dumps(content), PUNKS, tmp_path) == expected


def test_rows_meet_sprites_by_the_way_that_reaches_most(tmp_path: Path) -> None:
    sprites = units("b/walk/1.png", "b/idle/2.png")
    text = "count,file\n1,b/idle/2.png\n1,b/walk/1.png\n"
    (tmp_path / "t.csv").write_text(text)
    matching = match_rows(read_label_table(tmp_path / "t.csv"), sprites)
    assert (matching.column, matching.method) == ("file", "path")
    assert matching.rows == {0: [1], 1: [0]}


def test_a_table_counting_from_one_is_shifted_only_when_all_fits(tmp_path: Path) -> None:
    sprites = units(*(f"image_{i}.jpg" for i in range(4)))
    rows = "".join(f"{i},path/to/image_{i}.jpg,k{i}\n" for i in range(1, 5))
    (tmp_path / "t.csv").write_text("Index,Path,kind\n" + rows)
    matching = match_rows(read_label_table(tmp_path / "t.csv"), sprites)
    assert matching.rows == {0: [0], 1: [1], 2: [2], 3: [3]}
    matching = match_rows(read_label_table(tmp_path / "t.csv"), sprites[:3])
    assert matching.rows == {1: [0], 2: [1]}


def test_several_rows_for_one_sprite_add_up(tmp_path: Path) -> None:
    text = "file,label\npunk0000.png,hat\npunk0000.png,beard\npunk0001.png,hat\n"
    assert labels_of(text, PUNKS, tmp_path) == [{"hat", "beard"}, {"hat"}, set()]


def test_folders_are_labels_at_every_depth_but_not_the_one_that_holds_all(tmp_path: Path) -> None:
    sprites = units("all/elf/idle/a.png", "all/elf/run/a.png", "all/orc/run/a.png")
    found = find_labels(sprites, (), {}, DataSettings(labels="folders"))
    assert found.names == ("elf", "idle", "orc", "run")
    assert found.of == [("elf", "idle"), ("elf", "run"), ("orc", "run")]
    assert find_labels(sprites, (), {}, DataSettings(labels="none")).names == ()


def test_label_arrays(tmp_path: Path) -> None:
    elements = [Unit("a.npy", i) for i in range(3)]
    onehot = np.eye(3)[[2, 0, 1]]
    for values, expected in [
        (onehot, [("class-2",), ("class-0",), ("class-1",)]),
        (np.array([1, 0, 1]), [("class-1",), ("class-0",), ("class-1",)]),
        (np.array([[1], [0], [1]]), [("class-1",), ("class-0",), ("class-1",)]),
        (np.array(["elf", "orc", ""]), [("elf",), ("orc",), ()]),
    ]:
        assert find_labels(elements, (), {"a.npy": (values, ())}, DataSettings()).of == expected
    named = find_labels(elements, (), {"a.npy": (onehot, ("x", "y", "z"))}, DataSettings())
    assert named.of == [("z",), ("x",), ("y",)]
    assert named.names == ("x", "y", "z")
    for bad in (np.array([1, 2]), np.array([0.5, 1, 2]), np.full((3, 2), 7)):
        with pytest.raises(InputError, match=r"a\.npy"):
            find_labels(elements, (), {"a.npy": (bad, ())}, DataSettings())


def test_an_array_for_files_follows_their_numbers_not_their_spelling(tmp_path: Path) -> None:
    np.save(tmp_path / "classes.npy", np.arange(11))
    files = units(*sorted(f"image_{i}.png" for i in range(11)))
    found = find_labels(files, (), {}, DataSettings(labels=str(tmp_path / "classes.npy")))
    assert found.of[files.index(Unit("image_2.png"))] == ("class-2",)
    assert found.of[files.index(Unit("image_10.png"))] == ("class-10",)
    np.save(tmp_path / "classes.npy", np.arange(2))
    found = find_labels(
        units("a.png", "b.png"), (), {}, DataSettings(labels=str(tmp_path / "classes.npy"))
    )
    assert found.of == [("class-0",), ("class-1",)]


def test_two_fitting_tables_must_be_chosen_between(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("id,kind\n0,elf\n1,orc\n")
    (tmp_path / "c.csv").write_text("about,nothing\nx,y\n")
    with pytest.raises(UsageError, match=r"a\.csv, b\.csv.*--labels FILE"):
        find_labels(PUNKS, [tmp_path / n for n in ("a.csv", "b.csv", "c.csv")], {}, DataSettings())
    found = find_labels(PUNKS, [tmp_path / "a.csv", tmp_path / "c.csv"], {}, DataSettings())
    assert found.names == ("elf", "orc")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_tables_are_read_in_either_unicode(tmp_path: Path, encoding: str, separator: str) -> None:
    """Spreadsheets save UTF-16 with its mark, and tabs, as Unicode text."""
    rows = ("file", "kind"), ("épée.png", "blade"), ("bow.png", "けんし")
    text = "".join(separator.join(row) + "\r\n" for row in rows)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    table = DataSettings(labels=str(tmp_path / "t.csv"))
    found = find_labels(units("épée.png", "bow.png"), (), {}, table)
    assert found.names == ("blade", "けんし")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no rows"),
        (b"id,kind\n", "no rows"),
        (b"id,kind\n0,a,b,c\n", "line 2: 4 cells under 2 names: put"),
        (b"file,kind,kind\nhero.png,a,b\n", "two columns are called 'kind': rename"),
        (b'file,k\nhero.png,"A\nr.png,B\n', "line 2: a quotation mark.*add or remove"),
        (b'file,k\nhero.png,A\nr.png,"B\ns.png,"C\n', "line 3: a quotation mark"),
        (b"\xff\xfe\x00id", "UTF-8"),
        ("id,kind\n0,épée\n".encode("cp1252"), "line 2: not UTF-8"),
        (b"{broken", "valid JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"0": {"a": {"b": 1}}, "1": 5, "2": [[1]]}', "no column|labels"),
        (b"name,kind\nnobody,elf\n", "no column names the sprites"),
    ],
)
def test_bad_tables_are_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"t\.csv.*({reason})"):
        find_labels(units("hero.png"), (), {}, DataSettings(labels=str(path)))


def test_cells_in_quotation_marks_may_have_lines_and_marks(tmp_path: Path) -> None:
    text = 'file,who\npunk0000.png,"red\n""hat"""\npunk0001.png, 5" nail\npunk0002.png,"elf" \n'
    assert labels_of(text, PUNKS, tmp_path) == [{'red "hat"'}, {'5" nail'}, {"elf"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"file,k\n{0},A,extra\n{1}\n"),
        ("t.csv", b"file,k,k\n{0},A,B\n{1},A,B\n"),
        ("t.csv", b"file,k\n{0},caf\xe9\n{1},A\n"),
        ("t.csv", b'file,k\n{0},"A\n{1},B\nx.png,C\n'),
        ("t.csv", b"{0},A\n{1},B,C\n"),
        ("t.jsonl", b'{"file_name": "{0}", "k": "A"}\n{"file_name": "{1}" "k": "B"}\n'),
        ("t.jsonl", b"{'file_name': '{0}'}\n{'file_name': '{1}'}\n"),
        ("t.json", b'{"labels": [["{0}", 1], ["{1}", 0'),
    ],
)
def test_a_damaged_table_counts_if_it_names_the_sprites(
    tmp_path: Path, name: str, content: bytes
) -> None:
    """Its labels would be lost in silence; one about others merely lies there."""
    path, sprites = tmp_path / name, units("q.png", "r.png")
    for files, theirs in ((("q.png", "r.png"), True), (("aa.png", "bb.png"), False)):
        path.write_bytes(
            content.replace(b"{0}", files[0].encode()).replace(b"{1}", files[1].encode())
        )
        if theirs:
            with pytest.raises(InputError, match=rf"{name}[:,]"):
                find_labels(sprites, [path], {}, DataSettings())
        else:
            found = find_labels(sprites, [path], {}, DataSettings())
            assert "name too few of the sprites" in found.notes[0]


def test_a_broken_line_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text('{"file": "q.png"}\n\n{"file": "r.png" "k": 1}\n')
    with pytest.raises(InputError, match=r"l\.jsonl, line 3, column 18: not valid JSON"):
        find_labels(units("q.png"), (), {}, DataSettings(labels=str(path)))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("x", "y", "y"), [{"x"}, {"y"}, {"y"}]),
        (("yes", "x", ""), [{"yes"}, {"x"}, set()]),
        (("true", "1", "1"), [{"true"}, {"1"}, {"1"}]),
        (("x", "X", ""), [{"hat"}, {"hat"}, set()]),
        (("y", "yes", "n"), [{"hat"}, {"hat"}, set()]),
        (("true", "", ""), [{"hat"}, set(), set()]),
    ],
)
def test_two_words_for_yes_are_two_names(
    tmp_path: Path, cells: tuple[str, ...], expected: list[set[str]]
) -> None:
    rows = "".join(f"{n},{cell}\n" for n, cell in enumerate(cells))
    assert labels_of("id,hat\n" + rows, PUNKS, tmp_path) == expected


def test_label_order_does_not_depend_on_row_order(tmp_path: Path) -> None:
    tables = []
    for rows in ("0,elf\n1,orc\n", "1,orc\n0,elf\n"):
        (tmp_path / "t.csv").write_text("id,kind\n" + rows)
        tables.append(label_columns(read_label_table(tmp_path / "t.csv"), "id", (), ()).names)
    assert tables == [("elf", "orc")] * 2


def test_a_table_of_tables_is_refused_in_one_line(tmp_path: Path) -> None:
    """What some other tool left beside the sprites."""
    file = tmp_path / "frames.json"
    file.write_text(json.dumps({"a.png": {"frame": {"x": 0}}, "b.png": {"frame": {"x": 8}}}))
    with pytest.raises(InputError, match="not tables of tables"):
        read_label_table(file)
