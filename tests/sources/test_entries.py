"""Files and members of archives: opened alike, and never written."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("kept", [100, 700, 1200, 2000])
def test_a_cut_archive_is_named(tmp_path: Path, kept: int) -> None:
    whole = tar(tmp_path / "a.tar", {"one": CONTENT, "two": CONTENT}).read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[:kept])
    with pytest.raises(PluvialError, match=r"a\.tar"):
        [entry.content() for entry in entries_of(tmp_path / "a.tar")]


def test_an_empty_archive_and_a_missing_one_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"")
    for name in ("a.tar", "none.tar"):
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
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(1 << 24)))
    with pytest.raises(PluvialError, match="more than 1 MiB"):
        Entry(path).content()
