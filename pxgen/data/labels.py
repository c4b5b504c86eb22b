"""Parsing of labels as people write them: ``alien``, ``hat:0.5``, ``hat:-1``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from pxgen.arrays import F32
from pxgen.errors import UsageError
from pxgen.names import normal

MAX_NAMES = 12


def parse_labels(asked: Sequence[str], names: Sequence[str], model: object = "this model") -> F32:
    """The ``(L,) float32`` condition of labels as written; ``model`` is for messages.

    1 asks for a label, -1 forbids it, values between weigh; labels not named are unknown, 0.

    Raises:
        UsageError: an unknown label (names the nearest), or a weight outside [-1, 1].
    """
    vector = np.zeros(len(names), np.float32)
    for text in asked:
        name, weight = _split(text, names)
        column = _find(name, names)
        if column is None:
            raise UsageError(f"{model} has no label '{name}': {_advice(name, names)}")
        if vector[column]:
            if vector[column] * weight < 0:
                raise UsageError(f"label '{name}' is both asked for and forbidden: choose one")
            raise UsageError(f"label '{name}' is given twice: once is enough")
        if not -1 <= weight <= 1:
            raise UsageError(f"label '{name}' has weight {weight:g}; weights go from -1 to 1")
        vector[column] = weight
    return vector


def _find(name: str, names: Sequence[str]) -> int | None:
    """The column of a label, in any case of letters where only one label can be meant."""
    name, known = normal(name), [normal(each) for each in names]
    if name in known:
        return known.index(name)
    alike = [i for i, each in enumerate(known) if each.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _split(text: str, names: Sequence[str]) -> tuple[str, float]:
    name, colon, weight = text.rpartition(":")
    # A label's own name may hold a colon.
    if not colon or normal(text) in map(normal, names):
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        if _find(name, names) is not None:
            raise UsageError(f"label '{name}': '{weight}' is no weight from -1 to 1") from None
        return text, 1.0


def _advice(name: str, names: Sequence[str]) -> str:
    if not names:
        return "this model was trained without labels"
    close = difflib.get_close_matches(name, names, n=5)
    # `hat` is no typing error for `hat-wizard`, but what its users will try.
    close += [known for known in names if name.lower() in known.lower() and known not in close]
    if close:
        return f"did you mean {', '.join(close[:MAX_NAMES])}?"
    more = f", … ({len(names)} in all, see `pxgen inspect`)" if len(names) > MAX_NAMES else ""
    return f"known are {', '.join(names[:MAX_NAMES])}{more}"
