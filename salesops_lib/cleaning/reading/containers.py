"""What holds parts: files, gzip, zip archives, workbooks, databases."""

from __future__ import annotations

import gzip
import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from salesops_lib.cleaning.reading import limits
from salesops_lib.errors import DataError

TEXTS = (".csv", ".tsv", ".txt", ".tab", ".psv")
BOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
COLUMNAR = (".parquet", ".pq", ".jsonl", ".ndjson", ".json")
_DAMAGE = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)


@dataclass(frozen=True)
class Part:
    """A file, a member of a zip, a sheet of a workbook, or a table of the database at `url`."""

    path: Path
    member: str = ""
    sheet: str = ""
    url: str = ""

    @property
    def name(self) -> str:
        base = self.path.name + (f"/{self.member.rsplit('/', 1)[-1]}" if self.member else "")
        return f"{base}#{self.sheet}" if self.sheet else base

    @property
    def kind(self) -> str:
        """`database`, `sheet`, `columnar` or `text`."""
        if self.url:
            return "database"
        if self.sheet:
            return "sheet"
        return "columnar" if _kind(self.member or self.path.name) == "columnar" else "text"

    @property
    def is_packed(self) -> bool:
        return bool(self.member) or self.path.suffix.lower() == ".gz"


def parts(place: Path | str) -> list[Part]:
    """Parts of a file or database, in its own order.

    Raises
    ------
    DataError
        If the file is missing, a directory, empty, or of a kind that cannot be read.
    """
    from salesops_lib.cleaning.reading import addresses

    if isinstance(place, str) and addresses.is_url(place):
        from salesops_lib.cleaning.reading import databases

        return databases.parts(place)
    path = Path(place)
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if _kind(p.name) or p.suffix.lower() == ".zip")
        listed = ", ".join(inside[:5]) or "no CSV or Excel file"
        raise DataError(
            f"{path} is a directory. Give the files in it, e.g. `{path}/*.csv`; it holds {listed}."
        )
    if not path.is_file():
        raise DataError(f"{path}: there is no such file. {_neighbours(path)}")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty. Export it again and add it once more.")
    if path.suffix.lower() == ".zip":
        return _members(path)
    kind = _kind(path.name)
    if not kind:
        raise DataError(
            f"{path}: cannot read {path.suffix or 'a file without ending'}; save it as .csv or .xlsx."
        )
    return _parts_of(Part(path), kind)


def _parts_of(part: Part, kind: str) -> list[Part]:
    from salesops_lib.cleaning.reading import books, columnar

    if kind == "book":
        return books.parts(part)
    return columnar.parts(part) if kind == "columnar" else [part]


def _members(path: Path) -> list[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir() and info.file_size]
    except zipfile.BadZipFile as problem:
        raise DataError(
            f"{path} is not a zip, or is damaged. Fetch it again, or unpack it and add the files."
        ) from problem
    found: list[Part] = []
    for name in names:
        base = name.rsplit("/", 1)[-1]
        kind = _kind(base)
        if kind and not base.startswith((".", "~$")) and "__MACOSX" not in name:
            found += _parts_of(Part(path, name), kind)
    if not found:
        raise DataError(f"{path} holds no CSV or Excel file; it holds {', '.join(names[:5]) or 'nothing'}.")
    return found


def _kind(name: str) -> str:
    lowered = name.lower()
    if lowered.removesuffix(".gz").endswith(TEXTS):
        return "text"
    if lowered.endswith(BOOKS):
        return "book"
    return "columnar" if lowered.endswith(COLUMNAR) else ""


def _neighbours(path: Path) -> str:
    from difflib import get_close_matches

    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder} either."
    names = [unicodedata.normalize("NFC", p.name) for p in folder.iterdir()]
    close = get_close_matches(path.name, names, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"Look what {folder} holds."


@contextmanager
def opened(part: Part) -> Iterator[IO[bytes]]:
    """Bytes of a part, unpacked, and never more of them than an honest file has.

    Raises
    ------
    DataError
        If the part cannot be opened, is damaged, has a password, or is a bomb.
    """
    try:
        with _unpacked(part) as stream:
            yield stream
    except _DAMAGE as problem:
        raise DataError(
            f"{part.name} is damaged and cannot be unpacked ({problem}). Fetch it again."
        ) from problem
    except KeyError as problem:
        if not part.member:
            raise
        raise DataError(
            f"{part.path} no longer holds {part.member}. Put it back, or add the file again."
        ) from problem
    except NotImplementedError as problem:
        raise DataError(
            f"{part.name} is packed in a way that cannot be read ({problem}). Unpack it and add the files."
        ) from problem
    except PermissionError as problem:
        raise DataError(
            f"{part.name} cannot be read: no permission. Change the rights of {part.path}."
        ) from problem


@contextmanager
def _unpacked(part: Part) -> Iterator[IO[bytes]]:
    if part.member:
        with zipfile.ZipFile(part.path) as archive:
            info = archive.getinfo(part.member)
            if info.flag_bits & 1:
                raise DataError(
                    f"{part.name} is protected by a password. Unpack {part.path.name} and add the files."
                )
            with archive.open(info) as packed:
                if part.member.lower().endswith(".gz"):
                    with gzip.open(packed) as inner:
                        yield _bounded(cast("IO[bytes]", inner), part.name, info.compress_size)
                else:
                    yield _bounded(packed, part.name, info.compress_size)
    elif part.path.suffix.lower() == ".gz":
        with gzip.open(part.path) as stream:
            yield _bounded(cast("IO[bytes]", stream), part.name, part.path.stat().st_size)
    else:
        with part.path.open("rb") as plain:
            yield plain


def _bounded(stream: IO[bytes], name: str, packed: int) -> IO[bytes]:
    return cast("IO[bytes]", io.BufferedReader(_Bounded(stream, name, packed), 1 << 20))


class _Bounded(io.RawIOBase):
    """A packed stream that stops where it has unpacked to more than an honest one would."""

    def __init__(self, stream: IO[bytes], name: str, packed: int) -> None:
        self._stream, self._name = stream, name
        most = max(limits.UNPACKED_SMALL, packed * limits.UNPACKED_RATIO)
        self._most = min(most, limits.UNPACKED_BYTES)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        data = self._stream.read(len(view))
        if self._stream.tell() > self._most:
            raise DataError(
                f"{self._name} unpacks to more than {self._most / 1e9:,.1f} GB, {limits.UNPACKED_RATIO} times its size "
                "or more: it looks like a zip bomb. If it is honest, unpack it yourself and add the file."
            )
        view[: len(data)] = data
        return len(data)
