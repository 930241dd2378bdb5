"""Files and members of archives: opened alike, and never written."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.sources import entries
from pluvial.sources.entries import Entry, entries_of

CONTENT = b"some bytes" * 100


def tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_plain_gzip_and_members_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    (tmp_path / "b").write_bytes(gzip.compress(CONTENT))
    tar(tmp_path / "c.tar", {"x/plain": CONTENT, "packed.gz": gzip.compress(CONTENT)})
    found = [
        *entries_of(tmp_path / "a"),
        *entries_of(tmp_path / "b"),
        *entries_of(tmp_path / "c.tar"),
    ]
    assert [entry.content() for entry in found] == [CONTENT] * 4
    assert [entry.name for entry in found] == ["a", "b", "plain", "packed.gz"]
    assert found[2].origin == f"{tmp_path / 'c.tar'}!x/plain"
    assert [entry.plain_path() for entry in found] == [tmp_path / "a", None, None, None]


def test_names_that_lead_out_of_an_archive_are_only_names(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"../../outside": CONTENT, "/etc/outside": CONTENT})
    assert [entry.content() for entry in entries_of(path)] == [CONTENT] * 2
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar"]


def test_links_and_folders_of_an_archive_are_left_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    assert entries_of(tmp_path / "a.tar") == []


def three(path: Path) -> bytes:
    """A tar of three members; each takes a header of 512 bytes and 1024 of content."""
    return tar(path, {"one": CONTENT, "two": CONTENT, "three": CONTENT}).read_bytes()


MEMBER, END = 512 + 1024, 3 * (512 + 1024)


def names(path: Path) -> list[str]:
    return [entry.name for entry in entries_of(path) if entry.content() == CONTENT]


@pytest.mark.parametrize("kept", [*range(0, END, 64), MEMBER - 1, MEMBER + 1, END - 30, END])
def test_a_cut_archive_is_named(tmp_path: Path, kept: int) -> None:
    """At any byte, the boundaries of members among them: no member vanishes without a word."""
    path = tmp_path / "a.tar"
    path.write_bytes(three(path)[:kept])
    with pytest.raises(PluvialError, match=r"a\.tar"):
        names(path)


@pytest.mark.parametrize("end", [END + 512, END + 1024])
def test_an_archive_ends_with_an_empty_block(tmp_path: Path, end: int) -> None:
    """Of the two that the format asks for some programs write one, others pad with more."""
    path = tmp_path / "a.tar"
    path.write_bytes(three(path)[:end])
    assert names(path) == ["one", "two", "three"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(member=st.integers(0, 2), byte=st.integers(0, 511), bit=st.integers(0, 7))
def test_a_damaged_header_hides_no_member(tmp_path: Path, member: int, byte: int, bit: int) -> None:
    path = tmp_path / "a.tar"
    content = bytearray(three(path))
    content[member * MEMBER + byte] ^= 1 << bit
    path.write_bytes(content)
    try:
        found = names(path)
    except PluvialError:
        return
    # The checksum covers all but its own last byte, which nothing reads.
    assert found == ["one", "two", "three"]


def test_what_follows_the_last_file_may_be_no_file(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        member = tarfile.TarInfo("one")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    assert names(tmp_path / "a.tar") == ["one"]
    content = bytearray((tmp_path / "a.tar").read_bytes())
    content[MEMBER] ^= 1  # the header of the folder, behind which files may have been
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(PluvialError, match=r"a\.tar"):
        names(tmp_path / "a.tar")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)
@given(data=st.data())
def test_only_our_error_escapes(tmp_path: Path, data: st.DataObject) -> None:
    """Any mutation of a tar of gzip files is read, or refused with our error."""
    path = tmp_path / "a.tar"
    content = bytearray(tar(path, {"a.gz": gzip.compress(CONTENT), "b": CONTENT}).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, 4 * 512 - 1))
        content[place : place + 4] = data.draw(st.binary(min_size=1, max_size=6))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        for entry in entries_of(path):
            entry.content()
            with entry.open() as stream:
                stream.readline()
    except PluvialError:
        pass


def test_an_empty_archive_and_a_missing_one_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"")
    (tmp_path / "gzip.tar").write_bytes(gzip.compress(three(tmp_path / "b.tar")))
    for name in ("a.tar", "gzip.tar", "none.tar"):
        with pytest.raises(PluvialError, match=name):
            entries_of(tmp_path / name)
    with pytest.raises(PluvialError, match="the file is missing"):
        Entry(tmp_path / "none").content()
    with pytest.raises(PluvialError, match="the file is missing"):
        Entry(tmp_path / "none").plain_path()


@pytest.mark.parametrize("lost", [1, 8, 20])
def test_cut_gzip_is_named(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(CONTENT)[:-lost])
    with pytest.raises(PluvialError, match="ends or breaks in the middle"):
        Entry(path).content()


def test_a_bomb_is_refused_before_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "LARGEST_CONTENT", 1 << 20)
    bomb = gzip.compress(bytes(1 << 26))
    (tmp_path / "a.gz").write_bytes(bomb)
    tar(tmp_path / "b.tar", {"a.gz": bomb})
    tracemalloc.start()
    for entry in (*entries_of(tmp_path / "a.gz"), *entries_of(tmp_path / "b.tar")):
        with pytest.raises(PluvialError, match="more than 1 MiB"):
            entry.content()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20, f"{peak >> 20} MiB were taken"


@pytest.mark.parametrize("place", [0, 2, 3, 15, -1, -5, -9])
def test_damaged_gzip_is_named(tmp_path: Path, place: int) -> None:
    """Header, content, checksum and length."""
    content = bytearray(gzip.compress(CONTENT))
    content[place] ^= 0xFF
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    if place == 0:  # no gzip at all: bytes like any others
        assert Entry(path).content() == bytes(content)
    else:
        with pytest.raises(
            PluvialError, match=r"a\.gz: (the compressed file ends or breaks|it cannot be read)"
        ):
            Entry(path).content()


def test_gzip_of_several_members_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(CONTENT) * 3)
    assert Entry(path).content() == CONTENT * 3


@pytest.mark.parametrize("content", [b"", b"\x1f", b"a"])
def test_files_shorter_than_a_magic_number(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert Entry(tmp_path / "a").content() == content
    assert Entry(tmp_path / "a").plain_path() == tmp_path / "a"


def test_of_a_file_without_a_byte_that_is_said(tmp_path: Path) -> None:
    """Whatever a reader misses in it."""
    path = tmp_path / "a.tif"
    path.touch()
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("a.tif"))
    for entry in (Entry(path), *entries_of(tmp_path / "b.tar")):
        error = entry.fault("it is no TIFF", remedy="Give a GeoTIFF")
        assert str(error).startswith(f"{entry.origin}: the file is empty. ")
    path.write_text("a")
    assert "it is no TIFF. Give a GeoTIFF" in str(
        Entry(path).fault("it is no TIFF", "Give a GeoTIFF")
    )


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match="it cannot be read"):
        Entry(tmp_path).content()


def test_errors_while_the_content_is_used_are_not_hidden(tmp_path: Path) -> None:
    """Only faults of the stream become ours: those of the reader keep their kind."""
    (tmp_path / "a").write_bytes(CONTENT)
    with pytest.raises(ZeroDivisionError), Entry(tmp_path / "a").open():
        _ = 1 / 0
