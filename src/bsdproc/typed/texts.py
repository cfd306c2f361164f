"""Strings of the kernel's: UTF-8, and what is none kept as surrogates (PEP 383), so that
every name comes back as the bytes that it was."""

from __future__ import annotations

from bsdproc.typed.check import octets
from bsdproc.typed.record import Malformed


def text(data: bytes) -> str:
    """Bytes as a str, whatever they are."""
    return data.decode("utf-8", "surrogateescape")


def encoded(value: str) -> bytes:
    """The bytes of such a str."""
    if not isinstance(value, str):
        raise TypeError(f"a str is needed, not {type(value).__name__}")
    return value.encode("utf-8", "surrogateescape")


def string(data: bytes) -> str:
    """A string that ends with a NUL, or with the data."""
    return octets(data).partition(b"\0")[0].decode("utf-8", "surrogateescape")


def strings(data: bytes) -> tuple[str, ...]:
    """Strings that each end with a NUL; the last need not."""
    found = octets(data)
    return tuple(text(found.removesuffix(b"\0")).split("\0")) if found else ()


def ended_strings(data: bytes) -> tuple[str, ...]:
    """Strings that each end with a NUL; `Malformed` where the last does not."""
    data = octets(data)
    if data and not data.endswith(b"\0"):
        raise Malformed(f"the last string has no end: {data[-60:]!r}")
    return strings(data)
