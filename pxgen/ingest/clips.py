"""Numbered frame files gathered into clips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pxgen.ingest.walk import Found

_FRAME_MARK = re.compile(r"^(.*?)(?:^|[-_. ])(?:f|frame)[-_ ]?(\d+)$", re.IGNORECASE)
_ANY_NUMBER = re.compile(r"^(.*?)[-_. ]*\(?(\d+)\)?$")


@dataclass(frozen=True)
class FileGroup:
    """One file, or the files of one clip in order."""

    name: str
    files: tuple[Found, ...]


def gather(files: Sequence[Found], frames: int | None) -> list[FileGroup]:
    """Group numbered frame files into clips where that is what they are.

    Without ``frames``, only when every file is marked as a frame (``run_f0.png``,
    ``run-frame-1.png``): one unmarked picture makes it a collection of stills. With ``frames``
    above one any number at the end counts, since clips were asked for. With ``frames`` of one
    nothing is grouped. Runs must count up by one; others stay single files.
    """
    if frames == 1:
        return singles(files)
    runs: dict[str, list[tuple[int, Found]]] = {}
    for file in files:
        path = PurePosixPath(file.name)
        match = _FRAME_MARK.match(path.stem)
        if match is None and frames is None:
            return singles(files)
        match = match or _ANY_NUMBER.match(path.stem)
        key = file.name if match is None else _clip_name(path, match[1])
        runs.setdefault(key, []).append((int(match[2]) if match else 0, file))
    groups: list[FileGroup] = []
    for name, run in runs.items():
        groups.extend(_clip(name, run))
    return groups


def broken(groups: Iterable[FileGroup]) -> list[str]:
    """Clips with a gap or a repeat in their numbers, whose frames were taken as single files."""
    marked: Counter[str] = Counter()
    for group in groups:
        path = PurePosixPath(group.files[0].name)
        match = _FRAME_MARK.match(path.stem)
        if match is not None and len(group.files) == 1:
            marked[_clip_name(path, match[1])] += 1
    return [name for name, frames in marked.items() if frames > 1]


def singles(files: Iterable[Found]) -> list[FileGroup]:
    """Each file for itself."""
    return [FileGroup(file.name, (file,)) for file in files]


def _clip_name(path: PurePosixPath, prefix: str) -> str:
    """``run_f0.png`` belongs to ``run``; frames that are mere numbers belong to their folder."""
    if prefix:
        return str(path.with_name(prefix))
    return str(path.parent) if path.parent.name else "clip"


def _clip(name: str, run: list[tuple[int, Found]]) -> list[FileGroup]:
    run = sorted(run, key=lambda numbered: (numbered[0], numbered[1].name))
    numbers = [number for number, _ in run]
    if numbers != list(range(numbers[0], numbers[0] + len(run))):
        return singles(file for _, file in run)
    if len(run) == 1:
        return singles([run[0][1]])
    return [FileGroup(name, tuple(file for _, file in run))]
