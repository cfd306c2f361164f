"""What a core is read from: a path, a binary file object or bytes; gzip's files as well."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from threading import Lock
from typing import BinaryIO, Final, cast
from weakref import finalize

from bsdproc.typed.core.errors import BadCore

Readable = str | os.PathLike[str] | BinaryIO | bytes | bytearray | memoryview
"""What `read` takes.  A file object must be able to seek; it stays open."""

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_CHUNK: Final = 1 << 20
"""At most so much is asked for at once: a damaged size must not take that much memory."""


class Source:
    """A file read piece by piece, from several threads if need be."""

    __slots__ = ("__weakref__", "_close", "_file", "_lock", "size")

    def __init__(self, file: Readable) -> None:
        """`OSError` for a path that cannot be opened, `TypeError` for what is not `Readable`,
        `BadCore` for a compression that Python cannot undo."""
        self._lock = Lock()
        own = True
        if isinstance(file, bytes | bytearray | memoryview):
            raw: BinaryIO = io.BytesIO(file)
        elif isinstance(file, str | os.PathLike):
            # Nothing is read ahead: a core is looked at here and there.
            raw = cast(BinaryIO, open(file, "rb", buffering=0))  # noqa: SIM115
        elif hasattr(file, "read") and hasattr(file, "seek"):
            raw, own = file, False
        else:
            raise TypeError(f"a core is a path, a binary file or bytes, not {type(file).__name__}")
        self._file: BinaryIO = raw
        self._close = finalize(self, raw.close) if own else None
        self.size: int | None = raw.seek(0, os.SEEK_END)
        """Bytes, None where it takes the whole of a compressed file to tell."""
        magic = self.read(0, 4)
        if magic.startswith(_GZIP):
            raw.seek(0)
            self._file = cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="rb"))
            self.size = None
        elif magic == _ZSTD:
            raise BadCore("the core is compressed with zstd: zstd -d makes a plain one of it")

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from there; fewer where the file ends."""
        if self.size is not None:
            size = min(size, self.size - offset)
        if size <= 0:
            return b""
        if self._file.closed:
            raise ValueError("the core was closed")
        parts = []
        with self._lock:
            try:
                self._file.seek(offset)
                while size:
                    part = self._file.read(min(size, _CHUNK))
                    if not part:
                        break
                    parts.append(part)
                    size -= len(part)
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise BadCore(f"the compressed core is damaged: {error}") from error
            except (OverflowError, ValueError) as error:
                raise BadCore(f"offset {offset:#x} of the core: {error}") from error
        return b"".join(parts)

    def whole(self, offset: int, size: int, what: str) -> bytes:
        """All of these bytes; `BadCore` when the file ends before."""
        data = self.read(offset, size)
        if len(data) < size:
            raise BadCore(f"{what} of {size} bytes at {offset:#x} of the core: "
                          f"{len(data)} are there")
        return data

    def close(self) -> None:
        """Close the file if it was opened here."""
        if self._close is not None:
            self._close()
