"""Core files of DragonFly, as far as they are known: their memory.

A core is an ELF file, and its headers say which memory it has.  What its notes say is not
known here: no package carries DragonFly's <sys/procfs.h>, and its prstatus, prpsinfo and the
rest were not measured with the other structs; nor is the alignment of the notes, which differs
from FreeBSD's.  They are given as they stand, and what they would say is `NotSupported`::

    with dragonfly.core.read("ls.core") as core:
        print(core.memory[0x7ffffffff000 : 0x7ffffffff040])
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NoReturn, Self

from bsdproc.kernel.errors import not_supported
from bsdproc.typed.core import (
    BadCore,
    Container,
    ForeignCore,
    Memory,
    NotInCore,
    Readable,
    Segment,
    SegmentFlags,
)
from bsdproc.typed.core.base import Frozen
from bsdproc.typed.core.notes import NOTES_MAX

__all__ = [
    "BadCore",
    "Core",
    "ForeignCore",
    "Memory",
    "NotInCore",
    "Segment",
    "SegmentFlags",
    "read",
]

_WHY: Final = "the structs of its notes are not recorded: no package has <sys/procfs.h>"


class Core(Frozen):
    """A core file: machine and memory."""

    machine: str
    memory: Memory
    """What the core has of the process's memory."""

    def __init__(self, container: Container) -> None:
        """`ForeignCore` for a machine that DragonFly does not have."""
        try:
            machine = container.image.machine("dragonfly")
        except BaseException:
            container.source.close()
            raise
        vars(self).update(_container=container, machine=machine,
                          memory=Memory(container.source, container.image.segments))

    _container: Container

    @cached_property
    def notes(self) -> tuple[bytes, ...]:
        """The segments of notes, as they stand.  `BadCore` where the file ends before."""
        container = self._container
        for one in container.image.notes:
            if one.filesz > NOTES_MAX:
                raise BadCore(f"{one.filesz} bytes of notes")
        return tuple(container.source.whole(one.offset, one.filesz, "the notes")
                     for one in container.image.notes)

    @property
    def prpsinfo(self) -> NoReturn:
        """NT_PRPSINFO: `NotSupported`."""
        raise not_supported("dragonfly", call="core", request="NT_PRPSINFO", reason=_WHY)

    @property
    def threads(self) -> NoReturn:
        """NT_PRSTATUS and NT_FPREGSET: `NotSupported`."""
        raise not_supported("dragonfly", call="core", request="NT_PRSTATUS", reason=_WHY)

    def close(self) -> None:
        """Close the file, if it was opened here."""
        self._container.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Core(machine={self.machine!r})"


def read(file: Readable) -> Core:
    """A core file by its path, as a binary file object that can seek, or as bytes.

    Nothing in a core says that it is DragonFly's; a FreeBSD one of the same machine is read as
    well.  `OSError` for a path that cannot be opened, `BadCore` for what is no core file or a
    damaged one, `ForeignCore` among them for another machine's."""
    return Core(Container(file))
