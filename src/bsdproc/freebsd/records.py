"""What FreeBSD's own records and fields are; see `bsdproc.typed.records`."""

from __future__ import annotations

from bsdproc.freebsd import sigset
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.typed import records
from bsdproc.typed.records import SignalSet


class Record(records.Record):
    """A C struct in a table that FreeBSD gave; subclasses name its fields."""

    system = "freebsd"
    __slots__ = ()


class Signals(SignalSet[Signal]):
    """A sigset_t."""

    __slots__ = ()

    def __init__(self, cname: str) -> None:
        super().__init__(cname, sigset.SETS)
