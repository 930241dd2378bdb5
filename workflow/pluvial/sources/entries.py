"""Raw files and the members of archives, opened alike: plain, gzip, or inside a tar.

Archives are read in memory and never unpacked: the name of a member is only a name.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from isal import igzip

from pluvial.errors import PluvialError
from pluvial.files.inflating import INFLATE_ERRORS

GZIP_MAGIC = b"\x1f\x8b"
LARGEST_CONTENT = 1 << 28
"""Bytes that a file read whole into memory may have: more than any radar composite."""

DAMAGED = "The file is cut off or damaged: copy or make it again"


@dataclass(frozen=True)
class Entry:
    """A raw file, or one member of a tar.

    Attributes:
        path: the file.
        member: name of the member; empty for a file of its own.
        start, size: where the member's bytes lie in the file.
    """

    path: Path
    member: str = ""
    start: int = 0
    size: int = 0

    @property
    def name(self) -> str:
        """The last part of its name, which may tell its time."""
        return Path(self.member).name if self.member else self.path.name

    @property
    def origin(self) -> str:
        """How it is named in messages and in the store."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Its bytes, inflated where they are gzip.

        Faults of the stream that appear while it is read become our error.
        """
        with self._faults_named(), self._raw() as raw:
            compressed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            yield cast("IO[bytes]", igzip.IGzipFile(fileobj=raw)) if compressed else raw

    def content(self) -> bytes:
        """All its bytes, inflated; at most :data:`LARGEST_CONTENT`."""
        with self.open() as stream:
            content = stream.read(LARGEST_CONTENT + 1)
        if len(content) > LARGEST_CONTENT:
            raise self.fault(f"it holds more than {LARGEST_CONTENT >> 20} MiB, which no field does")
        return content

    def plain_path(self) -> Path | None:
        """Its path where a library can open it as it lies: no member, not gzip."""
        if self.member:
            return None
        with self._faults_named(), self._raw() as raw:
            return None if raw.read(2) == GZIP_MAGIC else self.path

    def fault(self, problem: str, remedy: str = DAMAGED) -> PluvialError:
        """Our error about this entry; of one without a byte that is all there is to say."""
        if self._is_empty():
            problem, remedy = "the file is empty", DAMAGED
        return PluvialError(problem, where=self.origin, remedy=remedy)

    def _is_empty(self) -> bool:
        if self.member:
            return not self.size
        return self.path.is_file() and not self.path.stat().st_size

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise PluvialError(
                "the file is missing",
                where=self.path,
                remedy="Correct the path in the configuration (relative ones start at "
                "`data_folder`)",
            ) from None
        except INFLATE_ERRORS as error:
            raise self.fault(
                f"the compressed file ends or breaks in the middle ({error})"
            ) from None
        except OSError as error:
            raise self.fault(f"it cannot be read ({error})") from None

    def _raw(self) -> IO[bytes]:
        if not self.member:
            return self.path.open("rb")
        with self.path.open("rb") as archive:
            archive.seek(self.start)
            return io.BytesIO(archive.read(self.size))


def entries_of(path: Path) -> list[Entry]:
    """The file itself, or the regular members of it if it is a tar, in the tar's order.

    Raises:
        PluvialError: if the tar is cut off or damaged.
    """
    if path.suffix != ".tar":
        return [Entry(path)]
    size = path.stat().st_size if path.exists() else 0
    try:
        with tarfile.open(path, "r:") as archive:
            listed = archive.getmembers()
    except FileNotFoundError:
        raise PluvialError(
            "the file is missing", where=path, remedy="Correct its path in the configuration"
        ) from None
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise PluvialError(
            f"it is no whole uncompressed tar ({error})", where=path, remedy=DAMAGED
        ) from None
    members = [member for member in listed if member.isreg()]
    for member in members:
        if member.offset_data + member.size > size:
            raise PluvialError(
                f"the tar ends in the middle of {member.name}", where=path, remedy=DAMAGED
            )
    if not _ends_as_a_tar(path, listed):
        raise PluvialError(
            "the tar ends without its end mark: members may be lost", where=path, remedy=DAMAGED
        )
    return [Entry(path, m.name, m.offset_data, m.size) for m in members]


def _ends_as_a_tar(path: Path, members: list[tarfile.TarInfo]) -> bool:
    """Whether a block of zeros follows the last member (POSIX pax: end-of-archive).

    Python's tarfile takes an archive that is cut or damaged in a header for a shorter one.
    """
    block = tarfile.BLOCKSIZE
    ends = (m.offset_data + (-(-m.size // block) * block if m.isreg() else 0) for m in members)
    with path.open("rb") as file:
        file.seek(max(ends, default=0))
        following = file.read(block)
    return len(following) == block and not any(following)
