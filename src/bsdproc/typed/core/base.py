"""What the systems' core objects have in common."""

from __future__ import annotations

from typing import Self

from bsdproc.typed.core.container import Container
from bsdproc.typed.core.memory import Memory
from bsdproc.typed.core.notes import Note


class Frozen:
    """An object whose attributes are not set from outside; what they say is decoded once."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")


class CoreFile(Frozen):
    """A core file; a subclass says what its notes mean.

    The file stays open for its memory until `close`, the end of a ``with`` block, or the
    end of the object."""

    machine: str
    """As `bsdproc.abi` names it; of a 32-bit process the 32-bit one."""
    memory: Memory
    """What the core has of the process's memory."""

    def __init__(self, container: Container, system: str, *, zeros: bool = False) -> None:
        """`ForeignCore` for another system's or machine's, `BadCore` for damaged notes."""
        if not isinstance(container, Container):
            raise TypeError(f"a core is made of a Container, not {type(container).__name__}")
        try:
            machine = container.expect(system)
        except BaseException:
            container.source.close()
            raise
        vars(self).update(
            _container=container, machine=machine,
            memory=Memory(container.source, container.image.segments, zeros=zeros))

    _container: Container

    @property
    def notes(self) -> tuple[Note, ...]:
        """Every note as it stands, in the file's order."""
        return self._container.notes

    def close(self) -> None:
        """Close the file, if it was opened here; what is no memory stays."""
        self._container.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
