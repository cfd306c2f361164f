"""A core file before its system is known: headers, notes, and the file behind them."""

from __future__ import annotations

from functools import cached_property

from bsdproc.typed.core.errors import BadCore, ForeignCore
from bsdproc.typed.core.image import parse
from bsdproc.typed.core.notes import NOTES_MAX, Note, walk
from bsdproc.typed.core.source import Readable, Source

OWNERS = {"FreeBSD": "freebsd", "NetBSD-CORE": "netbsd"}
"""Whose notes have which owner, up to an @."""


class Container:
    """An open core file."""

    def __init__(self, file: Readable) -> None:
        """`BadCore` for what is no core file, or whose headers are not all there."""
        self.source = Source(file)
        try:
            self.image = parse(self.source)
        except BaseException:
            self.source.close()
            raise

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """All notes, in their order.  `BadCore` for damaged ones."""
        found: list[Note] = []
        room = NOTES_MAX
        for one in self.image.notes:
            room -= one.filesz
            if room < 0:
                raise BadCore(f"{one.filesz} bytes of notes")
            data = self.source.whole(one.offset, one.filesz, "the notes")
            found += walk(data, self.image.byteorder)
        return tuple(found)

    @cached_property
    def system(self) -> str:
        """Whose it is, by the notes: "freebsd" or "netbsd"; `ForeignCore` for another's.

        DragonFly's are not told apart: how that kernel writes them is not recorded."""
        for one in self.notes:
            system = OWNERS.get(one.owner.partition("@")[0])
            if system is not None:
                return system
        owners = sorted({one.owner for one in self.notes})
        raise ForeignCore(f"no note of FreeBSD or NetBSD is there, only of {', '.join(owners)}"
                          if owners else "a core without notes")

    def expect(self, system: str) -> str:
        """The machine of a core that is this system's; `ForeignCore` for any other."""
        if self.system != system:
            raise ForeignCore(f"a core of {self.system}, not of {system}")
        return self.image.machine(system)
