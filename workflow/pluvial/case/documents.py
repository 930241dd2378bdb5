"""What is generated from the models: the JSON schema, and the key reference of config/README.md.

``python -m pluvial.case.documents`` writes both; a test holds them equal to the models.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pluvial.case.case import Case, schema
from pluvial.config.messages import sections_of

CONFIG = Path(__file__).resolve().parents[3] / "config"
BEGIN, END = "<!-- keys: begin -->", "<!-- keys: end -->"


def schema_text() -> str:
    """The text of config/schema.json."""
    return json.dumps(schema(), indent=1) + "\n"


def reference() -> str:
    """A Markdown table of keys per section, in the order of the file."""
    return "\n".join(_tables("", Case, set()))


def with_reference(readme: str) -> str:
    """``readme`` with the key reference renewed between its two marks."""
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{reference()}\n{END}{tail}"


def _tables(prefix: str, section: type[BaseModel], done: set[type]) -> Iterator[str]:
    done.add(section)
    summary = (section.__doc__ or "").strip().splitlines()[0]
    yield f"### {f'`{prefix}`' if prefix else 'Top level'}\n\n{summary}\n"
    yield "| key | default | meaning |\n| --- | --- | --- |"
    for name, field in section.model_fields.items():
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        yield f"| `{name}` | {_default(field)} | {meaning} |"
    yield ""
    for name, field in section.model_fields.items():
        below = f"{prefix}.{name}" if prefix else name
        choices = sections_of(field.annotation)
        for choice in choices:
            tag = choice.model_fields.get("format")
            label = f"{below}: {{format: {get_args(tag.annotation)[0]}}}" if tag else below
            if choice not in done:
                yield from _tables(label, choice, done)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return f"required: {_kind(field.annotation)}"
    value = field.get_default()
    if isinstance(value, BaseModel):
        return "see below"
    shown = json.dumps(value, default=str) if value is not None else "none"
    return f"`{shown}`"


def _kind(annotation: Any) -> str:
    """The type of a required key, in a reader's words."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if sections_of(annotation):
        return "see below"
    if get_origin(annotation) in (Annotated, Union):
        return _kind(get_args(annotation)[0])
    words = {
        "datetime": "UTC time",
        "Path": "path",
        "str": "text",
        "int": "number",
        "float": "number",
        "bool": "true or false",
    }
    return words.get(getattr(annotation, "__name__", ""), str(annotation))


def main() -> None:
    """Write config/schema.json and the reference in config/README.md."""
    (CONFIG / "schema.json").write_text(schema_text())
    readme = CONFIG / "README.md"
    readme.write_text(with_reference(readme.read_text()))


if __name__ == "__main__":
    main()
