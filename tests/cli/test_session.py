"""What pxgen.toml and the environment say: errors name the place, mistaken variables are told."""

from __future__ import annotations

from pathlib import Path


def test_wrong_usage_is_one_line_that_names_a_variable(run, monkeypatch):
    assert run("sample", "--scale", "x").stderr == (
        "pxgen sample: Invalid value for '--scale': 'x' is not a valid whole number. "
        "See pxgen sample --help.\n"
    )
    monkeypatch.setenv("PXGEN_SAMPLE_SCALE", "x")
    assert "It comes from PXGEN_SAMPLE_SCALE. See" in run("sample").stderr


def test_what_no_command_line_says_is_told_with_its_address(run, monkeypatch):
    Path("pxgen.toml").write_text('[data]\nsource = ["gone"]\n\n[sample]\npalette = "p9"\n')
    Path("other").mkdir()
    assert (
        run("prepare").stderr == "pxgen: pxgen.toml:2: data.source: no such file or folder: gone\n"
    )
    assert run("prepare", "lost").stderr == "pxgen: no such file or folder: lost\n"
    assert run("sample").stderr.startswith("pxgen: pxgen.toml:5: sample.palette: no palette 'p9'")
    monkeypatch.setenv("PXGEN_SAMPLE_PALETTE", "p8")
    assert run("sample").stderr.startswith("pxgen: PXGEN_SAMPLE_PALETTE: no palette 'p8'")
    assert run("sample", "--palette", "p7").stderr.startswith("pxgen: no palette 'p7'")
    # What the command line says is not blamed on what happens to begin alike, or to be the same.
    for given in ("p8.png", "p8"):
        told = run("sample", "--palette", "pico-8", "--init", given).stderr
        assert told == f"pxgen: {given}: No such file or directory\n"
        assert run("sample", "--init", given).stderr == told


def test_a_variable_that_is_no_option_is_told(run, asked, monkeypatch):
    monkeypatch.setenv("PXGEN_SAMPLE_SEED", "3")
    assert not run("sample").stderr
    monkeypatch.setenv("PXGEN_SAMPLE_SED", "3")
    told = "PXGEN_SAMPLE_SED is no option of sample, and changes nothing: did you mean"
    assert run("sample").stderr == f"{told} PXGEN_SAMPLE_SEED?\n"
    assert not run("-q", "sample").stderr
    assert not run("animate", "--help").stderr
    monkeypatch.setenv("PXGEN_PALETTE_EXTRACT_COLORS", "2")
    assert not run("palette", "list").stderr
    monkeypatch.setenv("PXGEN_PALETTE_EXTRACT_COLOR", "2")
    assert "PXGEN_PALETTE_EXTRACT_COLOR is no option" in run("palette", "list").stderr


def test_a_variable_of_nearly_a_command_is_told(run, asked, monkeypatch):
    others = ("PXGEN_TRAIN_STEPS", "PXGEN_QUIET", "PXGEN_HOME_DIR", "PXGEN_REPORT_DIR")
    for variable in (*others, "PXG_SMPLE_SEED"):
        monkeypatch.setenv(variable, "0")
    assert not run("sample").stderr
    monkeypatch.setenv("PXGEN_SMPLE_SEED", "3")
    told = "PXGEN_SMPLE_SEED changes nothing: did you mean PXGEN_SAMPLE_SEED?\n"
    assert run("sample").stderr == told
