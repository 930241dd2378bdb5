"""Messages for a configuration that cannot be used: which key, what was found, what to write."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line per fault: the key in dotted form, what was found, what to write.

    Args:
        error: pydantic's finding.
        model: the model that was validated.
    """
    return [_explain_one(detail, model) for detail in error.errors()]


def _explain_one(detail: ErrorDetails, model: type[BaseModel]) -> str:
    key, section = _locate(detail["loc"], model)
    kind, found = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        known = sorted(section.model_fields) if section else []
        close = difflib.get_close_matches(key.rpartition(".")[2], known, n=1, cutoff=0.5)
        hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        return f"`{key}`: unknown key (found {found!r}); {hint}"
    if kind == "missing":
        return f"`{key}`: missing; write it"
    message = detail["msg"].removeprefix("Value error, ")
    if kind == "value_error" and isinstance(found, Mapping):
        return f"`{key}`: {message}" if key else message
    if kind in {"float_parsing", "int_parsing", "int_type", "float_type", "int_from_float"}:
        message = f"write a plain number{_unit_hint(key)}"
    elif kind.startswith("union_tag"):
        message = f"write `format:` as one of {detail.get('ctx', {}).get('expected_tags', '')}"
    else:
        message = message.replace("Input should be", "write", 1)
        message = message[:1].lower() + message[1:]
    return f"`{key}`: found {_short(found)}; {message}"


def _unit_hint(key: str) -> str:
    units = {
        "_minutes": "minutes",
        "_hours": "hours",
        "_mm_h": "mm/h",
        "_m_s": "metres per second",
        "_mm": "millimetres",
        "_m": "metres",
    }
    for suffix, unit in units.items():
        if key.endswith(suffix):
            return f" of {unit}, without the unit"
    return ""


def _short(found: Any) -> str:
    text = repr(found)
    return text if len(text) <= 80 else text[:77] + "..."


def sections_of(annotation: Any) -> list[type[BaseModel]]:
    """The section models an annotation admits; unions, Annotated and dicts are looked into."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, dict):
        return [found for part in get_args(annotation) for found in sections_of(part)]
    return []


def _locate(
    loc: tuple[int | str, ...], model: type[BaseModel]
) -> tuple[str, type[BaseModel] | None]:
    """Turn pydantic's location into a dotted key, and find the section the key stands in.

    pydantic puts the tag of a discriminated union (our ``format``) into the location; it is no
    key of the file, so it is left out.
    """
    parts: list[str] = []
    section: type[BaseModel] | None = model
    candidates: list[type[BaseModel]] = []
    for item in loc:
        tagged = [c for c in candidates if _tag(c) == item]
        if len(candidates) > 1 and tagged:
            section, candidates = tagged[0], []
            continue
        if isinstance(item, int):
            parts[-1] += f"[{item}]"
            continue
        parts.append(item)
        if len(candidates) == 1:
            section = candidates[0]
        field = section.model_fields.get(item) if section else None
        candidates = sections_of(field.annotation) if field else []
    return ".".join(parts), section


def _tag(section: type[BaseModel]) -> str | None:
    field = section.model_fields.get("format")
    tags = get_args(field.annotation) if field else ()
    return str(tags[0]) if tags else None
