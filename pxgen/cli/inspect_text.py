"""Findings of ``inspect`` as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """The facts, one a line; labels and their audit as lists of their own, warnings last."""
    for name, value in facts.items():
        if name == "labels":
            yield from _labels(value)
        elif name == "audit":
            yield from _audit(value)
        elif name != "suspicious":
            yield f"{_words(name)}: {_text(name, value)}"
    yield from (f"suspicious: {item}" for item in facts["suspicious"])


def _text(name: str, value: Any) -> str:
    """A fact in words, a table of facts in one line."""
    if isinstance(value, Mapping):
        inner = (
            f"{_words(key)} ({_text(key, each)})"
            if isinstance(each, Mapping)
            else f"{_words(key)} {_text(key, each)}"
            for key, each in value.items()
        )
        return "; ".join(inner) or "none"
    if isinstance(value, list | tuple):
        return (" " if name == "palette" else ", ").join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "none" if value is None or value == "" else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _labels(labels: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield f"labels: {len(labels)}"
    for label, fact in sorted(labels.items(), key=lambda item: -item[1]["sprites"]):
        yield f"  {fact['sprites']:>8}  {label} ({fact['held_out']} held out)"
        if "with" in fact:
            yield from (f"            {line}" for line in _studied(fact))


def _studied(fact: Mapping[str, Any]) -> Iterator[str]:
    """A label's company, place and colours."""
    if fact["company"]:
        with_ = (f"{name} ({fact['with'][name]})" for name in fact["company"])
        yield "most beyond their due with " + ", ".join(with_)
    if fact["where"]:
        (top, bottom), (left, right) = fact["where"]["rows"], fact["where"]["columns"]
        yield f"seen in rows {top}-{bottom}, columns {left}-{right}"
    if fact["colors"]:
        own = (f"{c['color']} {c['share']:.1%} ({c['others']:.1%})" for c in fact["colors"])
        yield "colours, of its pixels (of others'): " + ", ".join(own)


def _audit(audit: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Labels that are not always seen, one a line; the others are counted."""
    unseen = {name: sight for name, sight in audit.items() if _is_unseen(sight)}
    silent = [name for name, sight in audit.items() if sight["visible"] is None]
    always = len(audit) - len(unseen) - len(silent)
    yield f"audit: {always} labels are visible wherever they are borne"
    for name, sight in unseen.items():
        by = f" (beside {', '.join(sight['hidden_by'])})" if sight["hidden_by"] else ""
        traces = f", {sight['traces']} with traces" if sight["traces"] else ""
        yield (
            f"  {name}: {sight['labelled']} labelled, {sight['visible']} visible, "
            f"{sight['occluded']} hidden{by}{traces}, {sight['absent']} absent"
        )
        if sight["absent_in"]:
            yield f"    absent in {', '.join(sight['absent_in'])}"
    if silent:
        yield f"  no pixels tell the bearers of {len(silent)} from others: {', '.join(silent)}"


def _is_unseen(sight: Mapping[str, Any]) -> bool:
    return sight["visible"] is not None and sight["visible"] < sight["labelled"]
