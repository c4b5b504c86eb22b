"""``--jobs``: many requests by one process, each the same bytes as by a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner, Result

from pxgen.cli.app import pxgen
from pxgen.commands.context import Context
from pxgen.commands.jobs import Planner, make_jobs
from pxgen.commands.watching import Log
from pxgen.config.project import load_project
from pxgen.config.sample_settings import SampleSettings
from pxgen.sampling import model_choice
from tests.support.checkpoints import save, sprite
from tests.support.sampled import contents

ORDERS = pytest.mark.parametrize("at_once", [1, 3])


def run(*arguments: object, jobs: list[object] | str | bytes | None = None) -> Result:
    """``pxgen`` with jobs from a pipe, if there are any."""
    if isinstance(jobs, list):
        jobs = "".join(json.dumps(job) + "\n" for job in jobs)
    given = [] if jobs is None else ["--jobs", "-"]
    return CliRunner().invoke(pxgen, [*map(str, arguments), *given], input=jobs)


REQUESTS = {
    "sample": [
        {"label": "left", "count": 5, "out": "out/many/"},
        {"label": ["left", "right:-0.5"], "seed": 7, "scale": 3, "out": "out/one.png"},
        {"init": "one.png", "strength": [0.3, 0.9], "count": 2, "out": "out/from.png"},
        {"trace": True, "out": "out/forming.gif"},
        {"first": 2, "shard": "2/2", "count": 4, "palette": "pico-8", "out": "out/part/"},
    ],
    "animate": [
        {"label": "left", "frames": 4, "count": 2, "out": "out/walks/"},
        {"frames": 6, "loop": "pingpong", "fps": 20, "seed": 3, "out": "out/w.gif"},
        {"frames": 4, "durations": [40, 80, 120, 200], "out": "out/w.webp"},
    ],
    "interpolate": [
        {"from": 3, "to": 8, "frames": 4, "out": "out/way.gif"},
        {"from": "one.png", "through": [1], "to": 2, "loop": True, "frames": 6, "out": "out/f/"},
    ],
    "reconstruct": [
        {"images": ["one.png", "two.png"], "out": "out/sheet.png", "scale": 2},
        {"images": "two.png", "seed": 1, "out": "out/single/"},
    ],
}


def arguments(job: dict[str, object]) -> list[object]:
    """A job as a command line spells it."""
    line: list[object] = []
    for name, value in job.items():
        values = value if isinstance(value, list) else [value]
        if name == "durations":
            values = [",".join(map(str, values))]
        for each in values:
            flag = [] if name == "images" else ["--" + name.replace("_", "-")]
            line += flag if each is True else [*flag, each]
    return line


@ORDERS
@pytest.mark.parametrize("command", REQUESTS)
def test_a_job_is_the_bytes_of_the_command_alone(command: str, at_once: int, work: Path) -> None:
    save(work, recipe="vae" if command in {"interpolate", "reconstruct"} else "masked")
    sprite(work)
    sprite(work, "two.png", 2)
    jobs = REQUESTS[command]
    together = run(command, "-m", ".", "-j", at_once, jobs=[*jobs])
    assert together.exit_code == 0, together.stderr
    made = {path: path.read_bytes() for path in sorted(Path("out").rglob("*.*"))}
    alone = [run(command, "-m", ".", *arguments(job), *force(job)) for job in jobs]
    assert [each.exit_code for each in alone] == [0] * len(jobs), alone[-1].stderr
    # The paths, too, whatever the order in which jobs end.
    assert together.stdout == "".join(each.stdout for each in alone)
    assert {path: path.read_bytes() for path in sorted(Path("out").rglob("*.*"))} == made


def force(job: dict[str, object]) -> list[str]:
    return ["--force"] if str(job["out"]).endswith("/") else []


@ORDERS
def test_what_is_wrong_is_told_by_its_line_and_the_rest_is_done(
    at_once: int, model: Path, work: Path
) -> None:
    good = [json.dumps({"out": f"{name}.png"}) for name in "abc"]
    bad = {
        2: ('{"lable": "x"}', "lable: unknown key; did you mean label"),
        3: ('{"label": "lfet"}', "has no label 'lfet': did you mean left?"),
        5: ('{"scale": 65}', "scale: at most 64, got 65"),
        6: ('{"scale": "4"}', "scale: expected a whole number, got '4'"),
        7: ("{", "a job is an object in JSON, such as "),
        8: ("[1]", "a job is an object in JSON, such as "),
        9: ('{"out": "-"}', "a job writes files"),
        10: ('{"skip-existing": true, "force": true}', "exclude each other"),
        11: ('{"init": "none.png"}', "none.png: No such file"),
        12: ('{"jobs": "x"}', "jobs: unknown key"),
        13: ('{"repeat": "x"}', "repeat: unknown key"),
        14: ('{"n": 2, "count": 3}', "an option is there twice: n, count"),
    }
    lines = [
        good[0],
        bad[2][0],
        bad[3][0],
        good[1],
        *(bad[n][0] for n in range(5, 15)),
        "",
        good[2],
    ]
    Path("jobs.jsonl").write_text("\ufeff" + "\n".join(lines), "utf-8")
    result = run("sample", "-m", model, "-j", at_once, "--jobs", "jobs.jsonl")
    assert (result.exit_code, result.stdout) == (1, "a.png\nb.png\nc.png\n")
    said = result.stderr.splitlines()
    assert len(said) == len(bad)
    for line, (number, (_, message)) in zip(said, bad.items(), strict=True):
        assert line.startswith(f"pxgen: jobs.jsonl:{number}: ")
        assert line.count("jobs.jsonl") == 1
        assert message in line
    assert sorted(path.name for path in work.iterdir()) == ["a.png", "b.png", "c.png", "jobs.jsonl"]


def test_models_of_the_package_go_by_their_bare_names(work: Path) -> None:
    Path("jobs.jsonl").write_text('{"label": "alein"}')
    result = run("sample", "--jobs", "jobs.jsonl")
    said = "pxgen: jobs.jsonl:1: starter.safetensors has no label 'alein': did you mean alien?"
    assert result.stderr.splitlines() == [said]


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"null",
        b'"a"',
        b"[" * 10_000,
        b'{"scale": NaN}',
        b'{"seed": ' + b"9" * 5000 + b"}",
    ],
)
def test_hostile_lines_are_one_line(line: bytes, model: Path, work: Path) -> None:
    result = run("sample", "-m", model, jobs=line + b'\n{"out": "a.png"}\n')
    assert (result.exit_code, result.stdout) == (1, "a.png\n")
    assert result.stderr.startswith("pxgen: stdin:1: ")
    assert len(result.stderr.splitlines()) == 1


@ORDERS
def test_a_reader_that_ends_ends_the_jobs(at_once: int, model: Path, work: Path) -> None:
    Path("jobs.jsonl").write_text("".join(f'{{"out": "{n}.png"}}\n' for n in range(40)))
    line = ["sample", "-m", str(model), "-j", str(at_once), "--jobs", "jobs.jsonl"]
    running = subprocess.Popen(
        [sys.executable, "-m", "pxgen", *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    assert running.stderr is not None
    assert running.stdout.readline() == b"0.png\n"
    running.stdout.close()
    assert running.wait(timeout=60) == 1
    assert running.stderr.read() == b""
    running.stderr.close()


def test_a_job_may_spell_an_option_as_its_short_flag(model: Path, work: Path) -> None:
    jobs = [{"n": 2, "o": "a.png"}, {"count": 2, "out": "b.png"}, {"-n": 2, "--out": "c.png"}]
    result = run("sample", "-m", model, jobs=[*jobs])
    assert (result.exit_code, result.stdout) == (0, "a.png\nb.png\nc.png\n"), result.stderr
    assert len({Path(f"{name}.png").read_bytes() for name in "abc"}) == 1


def test_options_beside_them_are_those_that_jobs_leave_out(model: Path, work: Path) -> None:
    Path("pxgen.toml").write_text("[sample]\nscale = 2\n")
    jobs = [{"out": "a.png"}, {"out": "b.png", "scale": 3, "label": "right"}]
    run("sample", "-m", model, "--label", "left", "--seed", 5, jobs=[*jobs])
    run("sample", "-m", model, "--label", "left", "--seed", 5, "--scale", 2, "-o", "A.png")
    run("sample", "-m", model, "--label", "right", "--seed", 5, "--scale", 3, "-o", "B.png")
    assert Path("a.png").read_bytes() == Path("A.png").read_bytes()
    assert Path("b.png").read_bytes() == Path("B.png").read_bytes()


@ORDERS
def test_no_two_jobs_write_one_file(at_once: int, model: Path, work: Path) -> None:
    jobs = [
        {"out": "a.png"},
        {"out": "./a.png", "seed": 1},
        {"out": "many/", "count": 3},
        {"out": "many/", "first": 2, "scale": 2},
        {"out": "many/", "first": 2, "scale": 2, "force": True},
        {"out": "b.png", "manifest": "a.png"},
    ]
    result = run("sample", "-m", model, "-j", at_once, jobs=jobs)
    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert [line.split(": ")[1] for line in lines] == [f"stdin:{n}" for n in (2, 4, 5, 6)]
    assert "a.png is what stdin:1 writes" in lines[0]
    assert "is what stdin:3 writes" in lines[2]
    run("sample", "-m", model, "-o", "alone/", "-n", 3)
    assert contents(work / "many") == contents(work / "alone")
    assert not Path("b.png").exists()


def test_alone_a_job_may_start_from_what_the_one_before_it_wrote(model: Path, work: Path) -> None:
    jobs = [{"out": f"{n}.png"} | ({"init": f"{n - 1}.png"} if n else {}) for n in range(4)]
    result = run("sample", "-m", model, "-j", 1, jobs=[*jobs])
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 4), result.stderr


def test_a_manifests_lines_are_jobs(model: Path, work: Path) -> None:
    ways = ("--label", "left", "--seed", 9, "--temperature", 0.7)
    run("sample", "-m", model, "-n", 3, *ways, "-o", "first/", "--manifest", "m.jsonl")
    lines = [json.loads(line) for line in Path("m.jsonl").read_text("utf-8").splitlines()]
    changed = lines[2] | {"out": "last.png"}
    result = run(
        "sample", "-m", model, "-o", "again/", jobs=[*lines[:2], changed, {"out": "x.png"}]
    )
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 4), result.stderr
    pictures = contents(work / "first")
    assert Path("last.png").read_bytes() == pictures.pop(Path(lines[2]["file"]).name)
    assert contents(work / "again") == pictures
    other = run("sample", "-m", model, "-o", "again/", jobs=[lines[0] | {"model": "x"}])
    assert (other.exit_code, "stdin:1 is of the model x" in other.stderr) == (1, True)


def test_a_model_is_read_once_unless_it_changes(
    model: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, load = [], model_choice.load_model

    def counted(path: Path, *rest: object) -> object:
        read.append(path)
        return load(path, *rest)

    monkeypatch.setattr(model_choice, "load_model", counted)
    other = save(work / "other", recipe="vae")
    jobs = [{"out": f"{n}.png", "model": str((model, other)[n % 2])} for n in range(6)]
    assert run("sample", "-j", 1, jobs=[*jobs]).exit_code == 0
    assert read == [model, other]

    read.clear()

    def changing(*_: object) -> Iterator[tuple[str, bytes]]:
        for number in range(3):
            save(work / "other", recipe="vae")
            yield f"line {number}", json.dumps({"out": f"new-{number}.png"}).encode()

    monkeypatch.setattr("pxgen.commands.jobs._numbered", changing)
    assert run("sample", "-m", other, "-j", 1, jobs="").exit_code == 0
    assert read == [other] * 3


def test_they_are_made_as_they_come(model: Path, work: Path) -> None:
    command = [sys.executable, "-m", "pxgen", "sample", "-m", model, "-j", "2", "--jobs", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen([*map(str, command)], cwd=work, **pipes) as running:
        for number in range(3):
            # The next is asked for once the one before is there.
            running.stdin.write(json.dumps({"out": f"{number}.png"}) + "\n")
            assert running.stdout.readline() == f"{number}.png\n"
            assert (work / f"{number}.png").exists()
        running.stdin.close()
        assert running.wait() == 0


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("sample -j 2", 2, "-j is how many of --jobs are made at once"),
        ("sample --jobs j.jsonl --show", 2, "--show is for one request"),
        ("sample --repeat m.jsonl -j 2", 2, "--at-once is settled by the manifest"),
        ("sample --jobs j.jsonl --repeat m.jsonl", 2, "leave it out of --repeat"),
        ("sample --jobs none.jsonl", 3, "cannot read none.jsonl: No such file"),
        ("sample --jobs . ", 3, "cannot read .: Is a directory"),
        ("interpolate --from 3", 2, "Missing option '--to'"),
        ("interpolate --jobs j.jsonl --from 3", 1, "j.jsonl:1: the key to is missing"),
        ("reconstruct", 2, "Missing argument 'IMAGE...'"),
        ("reconstruct --jobs j.jsonl", 1, "j.jsonl:1: the key images is missing"),
    ],
)
def test_wrong_usage_is_one_line(
    line: str, status: int, message: str, model: Path, work: Path
) -> None:
    Path("j.jsonl").write_text("{}\n")
    Path("m.jsonl").touch()
    result = run(*line.split(), "-m", model)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr


def test_paths_come_in_the_order_of_the_lines() -> None:
    first_may_end, told = Event(), []

    def plan(_: SampleSettings, context: Context) -> Iterator[str]:
        if context.job == "0":
            assert first_may_end.wait(60)
        yield context.job
        if context.job == "3":
            first_may_end.set()

    planner = Planner(plan, None, SampleSettings(), Context(load_project(), Log(told.append)))
    lines = [(str(number), b"{}") for number in range(5)]
    make_jobs(lines, planner, 2, lambda ended: told.extend(ended.made))
    assert told == ["0", "1", "2", "3", "4"]


def test_no_job_is_nothing_to_do(model: Path, work: Path) -> None:
    result = run("sample", "-m", model, jobs="\n\n")
    assert (result.exit_code, result.output) == (0, "no jobs in stdin: nothing is made\n")
