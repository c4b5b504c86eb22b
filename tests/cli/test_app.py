"""The shell around the commands: help, precedence of settings, exit codes and messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from pxgen.cli.app import DEFAULTS_FROM, SECTIONS, CommandLine, pxgen
from pxgen.config.settings import SETTINGS
from pxgen.engines.describe import DESCRIPTIONS
from pxgen.errors import InputError, PxgenError, UsageError
from pxgen.models.protocol import SamplingParams
from pxgen.palette.formats import FORMATS, WRITABLE
from pxgen.render.kinds import CLIP_SUFFIXES, WRITTEN_SUFFIXES
from pxgen.version import __version__

COMMANDS = [name for names in SECTIONS.values() for name in names]
HEAVY = {"torch", "numpy", "PIL", "rich", "imageio", "safetensors"}


@pytest.fixture
def failing(monkeypatch):
    """A function that makes every command raise the given error."""

    def install(error: BaseException) -> None:
        @click.command("fail")
        def fail() -> None:
            raise error

        monkeypatch.setattr(CommandLine, "get_command", lambda *_: fail)

    return install


WRONG = (["smaple"], ["sample", "--lable", "x"], ["export", "a.png"], ["palette", "convert", "a"])
"""Arguments that are refused before anything is read."""


@pytest.mark.parametrize("arguments", [["--help"], *([n, "-h"] for n in COMMANDS), *WRONG])
def test_help_and_wrong_usage_import_nothing_heavy(arguments, tmp_path):
    program = (
        "import sys\nfrom pxgen.cli import main\nsys.argv[1:] = sys.argv[1].split()\n"
        "try: main()\nexcept SystemExit as end: print(end.code)\nprint(sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, " ".join(arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    *_, status, modules = done.stdout.splitlines()
    assert status == ("2" if arguments in WRONG else "0")
    loaded = {name.strip("'[] ").split(".")[0] for name in modules.split(",")}
    assert "click" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("name", ["sample", "reconstruct", "interpolate", "animate", "export"])
def test_help_names_every_kind_of_file(run, name):
    told = "".join(run(name, "--help").stdout.split())
    for suffix in WRITTEN_SUFFIXES if name != "reconstruct" else CLIP_SUFFIXES:
        assert suffix in told
    if name != "reconstruct":
        assert all(
            f"{kind.suffix}({kind.readers.replace(' ', '')})" in told for kind in DESCRIPTIONS
        )


def test_help_names_every_format_of_palettes(run):
    told = " ".join(run("palette", "--help").stdout.split())
    assert all(each.suffix in told and each.program in told for each in FORMATS)
    told = run("palette", "convert", "--help").stdout
    assert all(each.suffix in told for each in WRITABLE)
    assert ".aco" not in told


def test_exports_names_every_kind_of_file():
    text = (Path(__file__).parents[2] / "docs" / "exports.md").read_text("utf-8")
    for suffix in (*WRITTEN_SUFFIXES, *(kind.suffix for kind in DESCRIPTIONS)):
        assert f"{suffix}`" in text


def test_the_help_lists_every_command(run):
    result = run("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name):
    command = CommandLine.get_command(pxgen, click.Context(pxgen), name)
    waiting = [command]
    while waiting:
        here = waiting.pop()
        assert here.help or here.short_help, here.name
        waiting += getattr(here, "commands", {}).values()
        for param in here.params:
            assert not isinstance(param, click.Option) or param.help, f"{here.name} {param.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_shown_one_a_line(run, name):
    lines = run(name, "--help").stdout.splitlines()
    assert not any("\\b" in line for line in lines)
    for line in lines:
        assert line.count("pxgen ") <= 1 or "&&" in line or line.startswith("Usage"), line


def test_version(run):
    assert run("--version").stdout == f"pxgen {__version__}\n"


def test_as_a_module(tmp_path):
    command = [sys.executable, "-m", "pxgen", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == f"pxgen {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["smaple"], "No such command: smaple; did you mean sample?"),
        (["train", "x"], "argument (x); files and folders are given by --dataset, --from, --out."),
        (["sample", "--lable", "x"], "--label"),
        (["sample", "-n", "none"], "not a valid whole number"),
        (["sample", "--shard", "5/4"], "5/4"),
        (["sample", "--shard", "x"], "such as 1/4"),
        (["-q", "-v", "init"], "exclude each other"),
        (["train", "--steps", "5", "--minutes", "1"], "exclude each other"),
        (["train", "--device", "abacus"], "abacus"),
    ],
)
def test_wrong_usage_is_status_2_with_a_hint(run, asked, arguments, hint):
    result = run(*arguments)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert not result.stdout
    assert not asked


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (PxgenError("the disk\nis full"), 1, "pxgen: the disk is full\n"),
        (UsageError("no such label"), 2, "pxgen: no such label\n"),
        (InputError("x.png: not a picture [sic]"), 3, "pxgen: x.png: not a picture [sic]\n"),
        (PermissionError(13, "Permission denied", "x"), 1, "pxgen: x: Permission denied\n"),
        (MemoryError(), 1, "pxgen: out of memory: try a smaller"),
        (ZeroDivisionError("by zero"), 1, "pxgen: unexpected ZeroDivisionError: by zero"),
        (KeyboardInterrupt(), 130, "\npxgen: interrupted\n"),
    ],
)
def test_errors_are_one_line_and_a_status(run, failing, error, status, message):
    failing(error)
    result = run("fail")
    assert result.exit_code == status
    assert result.stderr.startswith(message)
    assert len(result.stderr.split("\n")) == 2 + message.startswith("\n")
    assert not result.stdout


def test_verbose_shows_where_an_error_happened(run, failing):
    failing(ZeroDivisionError("by zero"))
    assert "Traceback" in run("-v", "fail").stderr


def test_a_closed_pipe_is_quiet(tmp_path):
    done = subprocess.run(
        f"{sys.executable} -m pxgen palette list | true",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stderr == ""


def test_flag_beats_environment_beats_project_beats_default(run, asked, tmp_path):
    run("sample")
    (tmp_path / "pxgen.toml").write_text("[sample]\ncount = 2\nscale = 5\n")
    run("sample")
    run("sample", env={"PXGEN_SAMPLE_COUNT": "3"})
    run("sample", "-n", "4", env={"PXGEN_SAMPLE_COUNT": "3"})
    assert [len(request.numbers) for request in asked] == [1, 2, 3, 4]
    assert [request.scale for request in asked] == [1, 5, 5, 5]


def test_the_project_can_be_named(run, asked, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pxgen.toml").write_text("[sample]\nseed = 9\n")
    run("--project", "other", "sample")
    run("--project", "other/pxgen.toml", "sample")
    assert [request.seed for request in asked] == [9, 9]
    assert run("--project", "nowhere.toml", "sample").exit_code == 3


def test_a_broken_project_is_status_3_with_its_line(run, asked, tmp_path):
    (tmp_path / "pxgen.toml").write_text("[sample]\n\ncuont = 2\n")
    result = run("sample")
    assert result.exit_code == 3
    assert result.stderr == "pxgen: pxgen.toml:3: sample.cuont: unknown key; did you mean count?\n"
    assert not asked


def test_a_broken_project_does_not_keep_help_from_being_read(run, tmp_path):
    (tmp_path / "pxgen.toml").write_text("[sample\n")
    assert run("sample", "--help").exit_code == 0
    assert run("--help").exit_code == 0


@pytest.mark.parametrize(("name", "table"), DEFAULTS_FROM.items())
def test_options_and_settings_agree(name, table):
    command = CommandLine.get_command(pxgen, click.Context(pxgen), name)
    needed = {
        "prepare": ["sprites"],
        "reconstruct": ["a.png"],
        "interpolate": ["--from", "1", "--to", "2"],
    }
    context = command.make_context(name, needed.get(name, []))
    settings = vars(SETTINGS[table]())
    for key in settings.keys() & context.params.keys() - {"source"}:
        assert context.params[key] == settings[key], key
    # The model and optimiser of `train` are no matter of a single run.
    if name in {"prepare", "sample"}:
        assert settings.keys() <= context.params.keys()


def test_sample_passes_on_every_option(run, asked):
    line = (
        "-m runs/a -n 9 --label alien --label hat:0.5 --seed 3 --first 20 --shard 2/4 --steps 8 "
        "--sampler random --guidance 1.5 --temperature 0.9 --eta 0.5 --palette pico-8 --scale 2 "
        "--top-k 9 --top-p 0.5 --sheet packed --rows a,b --padding 1 --extrude 2 --power-of-two "
        "--array --data x.json --data x.css "
        "-o x.png --init a.png --strength 0.2 --strength 0.4 --mask m.png --tile xy "
        "--canvas 32x24 --at 1,2 --lock nes --trace --force --dry-run "
        "--manifest m.jsonl --novel 5 --dataset data --batch 7 --workers 1 --device cpu"
    )
    result = run("sample", *line.split())
    assert result.stdout == "done\n"
    (settings,) = asked
    assert settings.numbers == range(22, 24)
    assert SamplingParams.of(settings) == SamplingParams(
        steps=8, sampler="random", guidance=1.5, temperature=0.9, top_k=9, top_p=0.5, eta=0.5
    )
    assert settings.for_engines
    unset = {"skip_existing": False, "repeat": None}
    assert vars(settings) == unset | {
        "model": Path("runs/a"),
        "count": 9,
        "label": ("alien", "hat:0.5"),
        "seed": 3,
        "first": 20,
        "shard": (1, 4),
        "steps": 8,
        "sampler": "random",
        "guidance": 1.5,
        "temperature": 0.9,
        "top_k": 9,
        "top_p": 0.5,
        "eta": 0.5,
        "init": Path("a.png"),
        "strength": (0.2, 0.4),
        "mask": Path("m.png"),
        "tile": "xy",
        "canvas": "32x24",
        "at": "1,2",
        "lock": "nes",
        "palette": "pico-8",
        "scale": 2,
        "trace": True,
        "device": "cpu",
        "sheet": "packed",
        "rows": "a,b",
        "padding": 1,
        "extrude": 2,
        "power_of_two": True,
        "data": (Path("x.json"), Path("x.css")),
        "array": True,
        "out": "x.png",
        "force": True,
        "dry_run": True,
        "batch": 7,
        "workers": 1,
        "manifest": Path("m.jsonl"),
        "novel": 5,
        "dataset": Path("data"),
    }


def test_a_typed_budget_beats_another_kind_from_the_environment(run, asked):
    run("train", "--minutes", "2", env={"PXGEN_TRAIN_STEPS": "50"})
    run("train", env={"PXGEN_TRAIN_STEPS": "50"})
    budgets = [(settings.steps, settings.minutes) for settings, *_ in asked]
    assert budgets == [(None, 2.0), (50, None)]
    both = run("train", env={"PXGEN_TRAIN_STEPS": "50", "PXGEN_TRAIN_MINUTES": "2"})
    assert both.exit_code == 2


def test_train_takes_the_budget_that_was_typed(run, asked, tmp_path):
    (tmp_path / "pxgen.toml").write_text(
        "[model]\nrecipe = 'masked'\n[train]\nminutes = 5\nlr = 0.5\n"
    )
    run("train")
    run("train", "--steps", "20", "--fresh", "--seed", "4", "--device", "cpu", "-o", "runs/b")
    by_project, by_flag = (settings for settings, *_ in asked)
    assert (by_project.steps, by_project.minutes, by_project.lr) == (None, 5, 0.5)
    assert (by_flag.steps, by_flag.minutes, by_flag.seed) == (20, None, 4)
    assert [run.resume for _, run, _ in asked] == [True, False]
    assert dict(asked[0][2].model) == {"recipe": "masked"}
    assert str(asked[1][1].out) == "runs/b"


@pytest.mark.parametrize("option", ["-q", "--verbose"])
def test_an_option_of_all_commands_after_one_is_told_its_place(run, option):
    result = run("sample", option)
    assert result.exit_code == 2
    assert f"{option} goes before the command: pxgen {option} sample" in result.stderr
