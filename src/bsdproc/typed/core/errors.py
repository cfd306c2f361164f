"""What goes wrong with core files, by name."""

from __future__ import annotations

from typing import NoReturn, Self

from bsdproc.typed.record import Malformed


class BadCore(Malformed):
    """The file is no core file, it ends where its headers or notes go on, or a note is not what
    its type says."""


class ForeignCore(BadCore):
    """A core of another system, or of a machine that is not declared."""


class NoNote(LookupError):
    """The core has no such note: the kernel that wrote it has none, or left it out."""


class NotInCore(LookupError):
    """The core does not have the memory that was asked for."""

    def __init__(self, address: int, reason: str) -> None:
        super().__init__(f"nothing of {address:#x} is in the core: {reason}")
        self.address = address
        """The first address that is not there."""
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[int, str]]:
        return type(self), (self.address, self.reason)


class Decoding:
    """Within it, bytes that are not what they should be are a `BadCore` that names them."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: object) -> None:
        if isinstance(error, ValueError):
            self.bad(error)

    def bad(self, error: ValueError) -> NoReturn:
        raise BadCore(f"{self.name}: {error}") from error
