"""Options made of settings: a field is a flag, an environment variable, a help text and a check."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
import pytest
from click.testing import CliRunner, Result

from pxgen.cli.app import CommandLine, pxgen
from pxgen.cli.options import settings_options
from pxgen.config import requests
from pxgen.config.options import parse_shard
from pxgen.config.sample_settings import SampleSettings
from pxgen.config.schema import needed, rules, run_setting, setting
from pxgen.config.settings import DataSettings, TrainSettings

CLASSES = {
    "prepare": (DataSettings,),
    "train": (TrainSettings, requests.TrainRunSettings),
    "sample": (SampleSettings,),
    "animate": (requests.AnimateSettings,),
    "interpolate": (requests.InterpolateSettings,),
    "reconstruct": (requests.ReconstructSettings,),
    "evaluate": (requests.EvaluateSettings,),
    "compare": (requests.CompareSettings,),
    "export": (requests.ExportSettings,),
    "lint": (requests.LintSettings,),
}


@dataclass(frozen=True, kw_only=True)
class Every:
    """A field of every kind."""

    sources: tuple[Path, ...] = needed("", argument=True)
    must: str = needed("it must be given")
    whole: int | None = setting(None, "a whole number", low=1, high=9)
    share: float = setting(0.5, "a share", low=0, high=1)
    shares: tuple[float, ...] = run_setting((), "several", low=0, high=1)
    flag: bool = run_setting(False, "a flag")
    pair: bool = run_setting(True, "one or the other", flags=("--on/--off",))
    kind: Literal["a", "b"] | None = run_setting(None, "one of two")
    choice: Literal["a", "b"] | bool = run_setting(False, "a flag, or one of two")
    part: tuple[int, int] = run_setting((0, 1), "a part", parse=parse_shard)
    from_: str = run_setting("here", "a word that Python keeps for itself")


def run(*arguments: str, **environment: str) -> Result:
    @click.command("every")
    @settings_options(Every, into="asked")
    def every(asked: Every) -> None:
        click.echo(repr(dataclasses.asdict(asked)))

    line = [*arguments, "--must", "x"] if "--must" not in arguments else [*arguments]
    return CliRunner().invoke(every, line, env=environment, auto_envvar_prefix="PX")


def test_values_have_the_types_of_their_fields() -> None:
    line = "a b --whole 3 --share 1 --shares 0.1 --shares 0.2 --flag --off --kind b --choice"
    words = [*line.split(), "--part", "2/3", "--from", "there"]
    asked: dict[str, Any] = eval(run(*words).stdout, {"PosixPath": Path})
    assert asked == {
        "sources": (Path("a"), Path("b")),
        "must": "x",
        "whole": 3,
        "share": 1.0,
        "shares": (0.1, 0.2),
        "flag": True,
        "pair": False,
        "kind": "b",
        "choice": True,
        "part": (1, 3),
        "from_": "there",
    }


def test_what_is_not_said_keeps_its_default_and_the_environment_is_asked() -> None:
    asked = eval(run("a", PX_SHARE="0.25", PX_FROM="env").stdout, {"PosixPath": Path})
    wanted = dataclasses.asdict(Every(sources=(Path("a"),), must="x", share=0.25, from_="env"))
    assert asked == wanted


@pytest.mark.parametrize(
    ("line", "environment", "choice"),
    [
        ("a", "", False),
        ("a --choice b", "", "b"),
        ("--choice a b", "0", "a"),
        ("a --choice", "b", True),
        ("a", "1", True),
        ("a", "false", False),
        ("a", "b", "b"),
    ],
)
def test_a_choice_may_be_a_flag(line: str, environment: str, choice: object) -> None:
    result = run(*line.split(), **({"PX_CHOICE": environment} if environment else {}))
    assert eval(result.stdout, {"PosixPath": Path})["choice"] == choice


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "Missing argument"),
        ("a --whole 0", "1<=x<=9"),
        ("a --whole 2.5", "not a valid whole number"),
        ("a --share nan", "no finite number"),
        ("a --shares 2", "0<=x<=1"),
        ("a --kind c", "not one of"),
        ("a --choice c", "not one of"),
        ("a --part 4/3", "no part such as"),
    ],
)
def test_what_is_wrong_is_refused_with_its_option(line: str, told: str) -> None:
    result = run(*line.split())
    assert result.exit_code == 2
    assert told in result.stderr


def test_what_must_be_given_is_asked_for() -> None:
    @click.command("every")
    @settings_options(Every)
    def every(settings: Every) -> None:
        raise AssertionError(settings)

    result = CliRunner().invoke(every, ["a"])
    assert (result.exit_code, "Missing option '--must'" in result.stderr) == (2, True)


@pytest.mark.parametrize("name", CLASSES)
def test_every_field_is_an_option_of_its_name(name: str) -> None:
    command = CommandLine.get_command(pxgen, click.Context(pxgen), name)
    assert command is not None
    options = {parameter.name: parameter for parameter in command.params}
    for settings in CLASSES[name]:
        for field, rule in rules(settings).items():
            option = options[field.rstrip("_")]
            if rule.argument:
                continue
            assert isinstance(option, click.Option)
            flags = {"--" + field.rstrip("_").replace("_", "-")}
            assert flags & {*option.opts}, f"--{field} is called {option.opts}"
            assert option.help
            assert "{" not in option.help
