"""struct rusage as a value (<sys/resource.h>)."""

from __future__ import annotations

from bsdproc.netbsd.records import Record
from bsdproc.typed import rusage


class Rusage(Record, rusage.Rusage):
    """struct rusage: resources that a process has used; getrusage(2)."""

    __slots__ = ()
