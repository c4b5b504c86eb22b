"""Numbered frame files gathered into clips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pxgen.errors import InputError
from pxgen.frames import view_of
from pxgen.ingest.views import find_views
from pxgen.ingest.walk import Found

_FRAME_MARK = re.compile(r"^(.*?)(?:^|[-_. ])(?:f|frame)[-_ ]?(\d{1,18})$", re.IGNORECASE)
_ANY_NUMBER = re.compile(r"^(.*?)[-_. ]*\(?(\d{1,18})\)?$")


@dataclass(frozen=True)
class FileGroup:
    """One file, or the files of one clip in order."""

    name: str
    files: tuple[Found, ...]
    frames: tuple[str, ...] = ()
    """The name of the frame that each file is, where they have names."""

    @property
    def shows_views(self) -> bool:
        """True if its files are views, not steps alone."""
        return any(map(view_of, self.frames))


def gather(files: Sequence[Found], frames: int | None) -> list[FileGroup]:
    """Group numbered frame files into clips where that is what they are.

    Without ``frames``, only when every file is marked as a frame (``run_f0.png``,
    ``run-frame-1.png``): one unmarked picture makes it a collection of stills. With ``frames``
    above one any number at the end counts, since clips were asked for. With ``frames`` of one
    nothing is grouped. Runs must count up by one; others stay single files, unless all that do are
    numbered alike: then what lacks a number among those lacks this frame.
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
    if (gapped := _with_gaps(runs)) is not None:
        return gapped
    groups: list[FileGroup] = []
    for name, run in runs.items():
        groups.extend(_clip(name, run))
    return groups


def _with_gaps(runs: Mapping[str, Sequence[tuple[int, Found]]]) -> list[FileGroup] | None:
    """Clips with the steps that each has, where some lack one; None where that is not all."""
    numbers = {name: sorted(number for number, _ in run) for name, run in runs.items()}
    gaps = {name for name, own in numbers.items() if own != list(range(own[0], own[0] + len(own)))}
    whole = {(own[0], own[-1]) for name, own in numbers.items() if name not in gaps}
    if not gaps or len(whole) != 1:
        return None
    ((first, last),) = whole
    spans = set(range(first, last + 1))
    if not all(spans.issuperset(own) and len({*own}) == len(own) for own in numbers.values()):
        return None
    return [
        FileGroup(name, tuple(file for _, file in run), tuple(str(n - first) for n, _ in run))
        for name, run in (
            (name, sorted(run, key=lambda each: each[0])) for name, run in runs.items()
        )
    ]


def gather_views(files: Sequence[Found], asked: Sequence[str]) -> list[FileGroup] | None:
    """Group the files that show one sprite from several sides; None where names tell no views.

    Raises:
        InputError: two files are the same frame of a clip.
    """
    stems = [str(PurePosixPath(file.name).with_suffix("")) for file in files]
    clips = find_views(stems, asked)
    if clips is None:
        return None
    groups = []
    for name, parts in clips.items():
        frames = tuple(part.name for part in parts)
        if twice := [frame for frame, times in Counter(frames).items() if times > 1]:
            where = files[parts[frames.index(twice[0])].number].path
            raise InputError(f"{where}: another file is {twice[0]} of {name or 'the clip'} as well")
        groups.append(FileGroup(name or "clip", tuple(files[p.number] for p in parts), frames))
    return groups


def numbered_runs(names: Sequence[str], frames: int | None) -> list[tuple[str, tuple[int, ...]]]:
    """Clips of frames with numbered names, and single ones: their names and frames' numbers."""
    # Names may be equal: the path is the frame's number.
    found = [Found(Path(str(k)), name) for k, name in enumerate(names)]
    # On a sheet of frames any number at the end counts.
    groups = gather(found, 2 if frames is None else frames)
    return [(group.name, tuple(int(file.path.name) for file in group.files)) for group in groups]


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
        return str(path.parent / prefix)
    return str(path.parent) if path.parent.name else "clip"


def _clip(name: str, run: list[tuple[int, Found]]) -> list[FileGroup]:
    run = sorted(run, key=lambda numbered: (numbered[0], numbered[1].name))
    numbers = [number for number, _ in run]
    if numbers != list(range(numbers[0], numbers[0] + len(run))):
        return singles(file for _, file in run)
    if len(run) == 1:
        return singles([run[0][1]])
    return [FileGroup(name, tuple(file for _, file in run))]
