"""struct rusage as a value (<sys/resource.h>), the same on each system."""

from __future__ import annotations

from bsdproc.typed.records import Number, Record, Seconds


class Rusage(Record):
    """struct rusage: resources that a process has used; getrusage(2)."""

    struct = "struct rusage"
    __slots__ = ()

    utime = Seconds("ru_utime")
    """User time in seconds."""
    stime = Seconds("ru_stime")
    """System time in seconds."""
    maxrss = Number("ru_maxrss")
    """Largest resident set, in KiB."""
    ixrss = Number("ru_ixrss")
    """Integral shared text memory, in KiB times ticks."""
    idrss = Number("ru_idrss")
    """Integral unshared data, in KiB times ticks."""
    isrss = Number("ru_isrss")
    """Integral unshared stack, in KiB times ticks."""
    minflt = Number("ru_minflt")
    """Page faults served without I/O."""
    majflt = Number("ru_majflt")
    """Page faults that needed I/O."""
    nswap = Number("ru_nswap")
    """Times swapped out."""
    inblock = Number("ru_inblock")
    """Block input operations."""
    oublock = Number("ru_oublock")
    """Block output operations."""
    msgsnd = Number("ru_msgsnd")
    """IPC messages sent."""
    msgrcv = Number("ru_msgrcv")
    """IPC messages received."""
    nsignals = Number("ru_nsignals")
    """Signals delivered."""
    nvcsw = Number("ru_nvcsw")
    """Voluntary context switches."""
    nivcsw = Number("ru_nivcsw")
    """Involuntary ones."""
