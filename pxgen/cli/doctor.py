"""``pxgen doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import say
from pxgen.config.requests import DoctorSettings


@click.command("doctor", short_help="Show what this machine and installation can do.")
@settings_options(DoctorSettings)
@pass_session
def command(session: Session, /, settings: DoctorSettings) -> int:
    """Show what this machine and installation can do, and what is wrong with them.

    Trains the project's model for a few seconds, keeps nothing of it, and tells what ten minutes
    of training buy here. Exits with 1 if something is wrong.

    \b
    Examples:
      pxgen doctor
      pxgen doctor --dataset dataset --recipe vqvae
    """
    import json

    from pxgen.commands.doctor import examine

    facts = examine(settings, session.project, session.console)
    if settings.json:
        say(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        for line in _lines(facts):
            say(line)
    return 1 if facts["problems"] else 0


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"pxgen {facts['pxgen']}, Python {facts['python']}, {facts['system']}"
    libraries = facts["libraries"].items()
    yield ", ".join(f"{name} {version or '(missing)'}" for name, version in libraries)
    yield f"memory: {_size(facts['memory']['total'])}, free: {_size(facts['memory']['free'])}"
    if "device" in facts:
        amx = "yes" if facts["amx"] else "no"
        gpus = ", ".join(f"{gpu['name']} ({_size(gpu['memory'])})" for gpu in facts["gpus"])
        load = "" if facts["load"] is None else f", busy programs: {facts['load']:.1f}"
        yield f"cores: {facts['cores']}, threads: {facts['threads']}{load}, bf16 tiles (AMX): {amx}"
        if (facts["load"] or 0) >= facts["cores"]:
            yield "other programs use the cores: expect fewer steps than a machine at rest makes"
        yield f"GPU: {gpus or ('Apple' if facts['mps'] else 'none')}; computes on {facts['device']}"
    if facts["speed"]:
        yield from _speed(facts["speed"])
    yield from (f"wrong: {problem}" for problem in facts["problems"])
    if not facts["problems"]:
        yield "nothing is wrong"


def _size(gigabytes: float | None) -> str:
    return "unknown" if gigabytes is None else f"{gigabytes:.1f} GB"


def _about(number: float) -> str:
    """Two digits of it: what is foretold is no more exact."""
    return f"{float(f'{number:.2g}'):,.{0 if number >= 10 else 1}f}"


def _speed(speed: Mapping[str, Any]) -> Iterator[str]:
    sprites = (
        "built-in characters" if speed["dataset"] is None else f"sprites of {speed['dataset']}"
    )
    yield (
        f"{speed['minutes']:g} minutes of training: about {_about(speed['steps_then'])} steps of "
        f"{speed['batch']}, each of {speed['sprites']:,} {sprites} "
        f"{_about(speed['times_each_then'])} times"
    )
    yield (
        f"measured: {speed['sprites_per_second']:,.0f} sprites a second in {speed['steps']} steps "
        f"of training the {speed['stage']} of {speed['family']}"
    )
