"""Finding raw files: a path, a glob, or a pattern that tells the time from the name.

``{time:%Y%m%d%H%M}`` in a pattern stands for a UTC time in strftime's form; it may come more than
once (``{time:%Y/%m}/rain_{time:%Y%m%d%H%M}.h5``). Everything else is a glob.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from pluvial.errors import PluvialError

_TIME = re.compile(r"\{time:([^}]*)\}")
_DIRECTIVES = {
    "Y": r"\d{4}",
    "m": r"\d{2}",
    "d": r"\d{2}",
    "H": r"\d{2}",
    "M": r"\d{2}",
    "S": r"\d{2}",
    "j": r"\d{3}",
    "y": r"\d{2}",
}


@dataclass(frozen=True)
class Found:
    """A file that a pattern names, and the time in its name (s since 1970-01-01T00:00Z)."""

    path: Path
    time: int | None


@dataclass(frozen=True)
class Pattern:
    """A pattern of file names, relative to ``folder`` unless absolute."""

    text: str
    folder: Path = Path()

    def __post_init__(self) -> None:
        for form in _TIME.findall(self.text):
            unknown = set(re.findall(r"%(.)", form)) - set(_DIRECTIVES)
            if unknown:
                raise ValueError(
                    f"{self.text!r}: %{min(unknown)} is not read; "
                    f"known are {', '.join('%' + d for d in _DIRECTIVES)}"
                )
        if self.tells_time and "%Y" not in self.text and "%y" not in self.text:
            raise ValueError(f"{self.text!r}: the time has no year; write %Y")

    @property
    def tells_time(self) -> bool:
        """Whether the names bear a time."""
        return bool(_TIME.search(self.text))

    @property
    def glob(self) -> str:
        """The pattern as a glob."""
        # A form may hold slashes: {time:%Y/%m} is a folder in a folder.
        text = _TIME.sub(lambda match: "/".join("*" for _ in match[1].split("/")), self._path)
        parts = [part if part == "**" else re.sub(r"\*{2,}", "*", part) for part in text.split("/")]
        return "/".join(parts)

    @property
    def _path(self) -> str:
        """The text without `.` and doubled slashes."""
        return posixpath.normpath(self.text)

    def find(self) -> list[Found]:
        """The files, in order of the time in their names (then of the names).

        Raises:
            PluvialError: if there is none.
        """
        base = Path("/") if Path(self.text).is_absolute() else self.folder
        pattern = self.glob.lstrip("/")
        found = []
        for path in sorted(base.glob(pattern)):
            if not path.is_file():
                continue
            time = self.time_of(path.relative_to(base).as_posix())
            if time is not None or not self.tells_time:
                found.append(Found(path, time))
        if not found:
            one = not self.tells_time and not set(self.text) & set("*?[")
            raise PluvialError(
                "the file is missing" if one else f"no file matches {self.text!r}",
                where=base / self.text if one else base,
                remedy="Correct it in the configuration, or `data_folder` "
                f"({self.folder}), in which relative paths are looked up",
            )
        return sorted(found, key=lambda item: (item.time or 0, item.path))

    def time_of(self, name: str) -> int | None:
        """The time in a path below the folder, s; None where it tells none, or does not match."""
        parts = self._regex.fullmatch(name) if self.tells_time else None
        return self._time(parts) if parts else None

    def matches(self, name: str) -> bool:
        """Whether a path below the folder is one of those that the pattern means."""
        if self.tells_time:
            return self.time_of(name) is not None
        return self._regex.fullmatch(name) is not None

    def _time(self, parts: re.Match[str]) -> int | None:
        """The time of a matched name; None if it is no date, or written twice in two ways."""
        forms = _TIME.findall(self._path)
        values: dict[str, str] = {}
        for form, text in zip(forms, parts.groups(), strict=True):
            for directive, value in zip(_directives(form), _values(form, text), strict=True):
                values.setdefault(directive, value)
        try:
            moment = datetime.strptime(" ".join(values.values()), " ".join(f"%{d}" for d in values))
        except ValueError:
            return None
        written = [moment.strftime(form) for form in forms]
        if written != list(parts.groups()):
            return None
        return int(moment.replace(tzinfo=UTC).timestamp())

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        """Matches a relative path; one group per ``{time:…}``."""
        pieces = _TIME.split(self._path.lstrip("/"))
        # re.split with one group: literal, form, literal, form, …
        parts = [
            _literal(piece) if number % 2 == 0 else f"({_form(piece)})"
            for number, piece in enumerate(pieces)
        ]
        return re.compile("".join(parts))


_GLOB = re.compile(r"\*\*/|\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)


def _literal(piece: str) -> str:
    """A glob without times as a regular expression over a path."""
    known = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    parts = []
    for token in _GLOB.findall(piece):
        if token in known:
            parts.append(known[token])
        elif len(token) > 1:
            parts.append("[" + token[1:-1].replace("\\", r"\\").replace("!", "^", 1) + "]")
        else:
            parts.append(re.escape(token))
    return "".join(parts)


def _form(form: str) -> str:
    return re.sub(r"%(.)", lambda m: _DIRECTIVES[m[1]], re.escape(form).replace(r"\%", "%"))


def _directives(form: str) -> list[str]:
    return re.findall(r"%(.)", form)


def _values(form: str, text: str) -> tuple[str, ...]:
    pattern = re.sub(
        r"%(.)", lambda m: f"({_DIRECTIVES[m[1]]})", re.escape(form).replace(r"\%", "%")
    )
    match = re.fullmatch(pattern, text)
    if match is None:
        raise AssertionError("the whole name has matched before")
    return match.groups()
