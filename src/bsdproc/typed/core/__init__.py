"""Core files, as far as the systems have them in common: an ELF file with notes and memory.

What the notes say is each system's own: `bsdproc.freebsd.core`, `bsdproc.netbsd.core`.
"""

from __future__ import annotations

from bsdproc.typed.core.base import CoreFile
from bsdproc.typed.core.container import Container
from bsdproc.typed.core.errors import BadCore, Decoding, ForeignCore, NoNote, NotInCore
from bsdproc.typed.core.image import Segment, SegmentFlags
from bsdproc.typed.core.memory import Memory
from bsdproc.typed.core.notes import Note
from bsdproc.typed.core.source import Readable

__all__ = [
    "BadCore",
    "Container",
    "CoreFile",
    "Decoding",
    "ForeignCore",
    "Memory",
    "NoNote",
    "NotInCore",
    "Note",
    "Readable",
    "Segment",
    "SegmentFlags",
]
