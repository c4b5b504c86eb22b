"""The project file: found upwards, read strictly, never guessed at."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.config.project import load_project, parse_toml
from pxgen.config.sample_settings import SampleSettings
from pxgen.config.settings import DataSettings, TrainSettings
from pxgen.errors import InputError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A function that writes a project file, with its folder as the current one."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        path = Path("pxgen.toml")
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_a_file_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = load_project()
    assert project.data == DataSettings()
    assert project.train == TrainSettings()
    assert project.sample == SampleSettings()
    assert not project.model
    assert not any(project.given.values())
    assert project.dataset == Path("dataset")


def test_the_file_is_found_from_a_folder_below(project, tmp_path, monkeypatch):
    project("[train]\nbatch = 5\n")
    below = tmp_path / "art" / "heads"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    found = load_project()
    assert found.train.batch == 5
    assert dict(found.given["train"]) == {"batch": 5}
    assert found.runs == Path("../../runs")


def test_a_folder_or_a_file_can_be_named(project, tmp_path):
    file = project("[sample]\nscale = 3\n")
    assert load_project(file).sample.scale == 3
    assert load_project(tmp_path).sample.scale == 3


def test_paths_in_the_file_are_beside_the_file(project, tmp_path, monkeypatch):
    (tmp_path / "sprites").mkdir()
    (tmp_path / "mine.gpl").touch()
    project(
        '[data]\nsource = ["sprites", "elsewhere"]\nlabels = "folders"\n'
        '[sample]\npalette = "mine.gpl"\n'
    )
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    given_ = load_project().given
    assert dict(given_["data"]) == {"source": ["../sprites", "elsewhere"], "labels": "folders"}
    assert dict(given_["sample"]) == {"palette": "../mine.gpl"}


def test_the_model_table_keeps_its_lines_for_later_checks(project):
    project('[model]\nrecipe = "masked"\n\nwidth = 3\n')
    model = load_project().model
    assert dict(model) == {"recipe": "masked", "width": 3}
    assert str(model.where.key("width")) == "pxgen.toml:4: model.width"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[train]\nstpes = 3", "pxgen.toml:2: train.stpes: unknown key; did you mean steps?"),
        ("[trian]\n", "pxgen.toml:1: trian: unknown key; did you mean train?"),
        ("[train]\nsteps = 3\nminutes = 4", "pxgen.toml:3: train.minutes: set steps or minutes"),
        ('[data]\nsize = "16by16"', "pxgen.toml:2: data.size: '16by16' is no size: write width x"),
        ("[data]\nx = ", "pxgen.toml:2: Invalid value"),
        ("[data\n", "pxgen.toml:1: "),
        ("[data]\ncolors = 3\ncolors = 4", "pxgen.toml:3: "),
        ("train = 3", "pxgen.toml:1: train: expected a table, got 3"),
        ("[sample]\ncount = 0", "pxgen.toml:2: sample.count: at least 1, got 0"),
    ],
)
def test_mistakes_name_file_line_and_way_out(project, text, message):
    project(text)
    with pytest.raises(InputError) as caught:
        load_project()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_text_are_refused_by_line(project, tmp_path):
    project("")
    (tmp_path / "pxgen.toml").write_bytes(b"[data]\n\nlabels = '\xff'")
    with pytest.raises(InputError, match=r"pxgen\.toml:3: not UTF-8"):
        load_project()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*nowhere\.toml"):
        load_project(tmp_path / "nowhere.toml")


def test_a_hostile_size_is_refused(project):
    project("#" * 2_000_000)
    with pytest.raises(InputError, match="bytes"):
        load_project()


def test_deep_nesting_is_refused():
    with pytest.raises(InputError, match=r"f\.toml"):
        parse_toml(b"x = " + b"[" * 100_000, "f.toml")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_one_clear_line(content):
    message = "f.toml:"
    try:
        parse_toml(content, "f.toml")
    except InputError as error:
        message = str(error)
    assert message.startswith("f.toml:")
    assert len(message.splitlines()) == 1
