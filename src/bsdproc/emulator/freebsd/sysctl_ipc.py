"""The named sysctls of System V's IPC, of asynchronous requests and of POSIX's options:
kern.ipc, vfs.aio, p1003_1b."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from bsdproc.emulator.freebsd import aio
from bsdproc.emulator.freebsd.syscalls import sysvmsg, sysvsem, sysvshm, umutex
from bsdproc.emulator.freebsd.syscalls.sysvipc import Object
from bsdproc.emulator.freebsd.sysctl import Flag, Request, Row, Type
from bsdproc.emulator.freebsd.sysctl_names import (
    RW,
    TUN,
    constant,
    node,
    opaque,
    setting,
    unchanging,
)

RD = Flag.RD | Flag.MPSAFE
POSIX_2001 = 200112
FSCALE = 1 << 11


def _loadavg(request: Request) -> bytes:
    """struct loadavg: nobody counts who waits for the processor."""
    return struct.pack("<3I4xq" if request.wide else "<3Ii", 0, 0, 0, FSCALE)


def _listio_max(request: Request) -> int:
    return aio.most(request.system, "_per_proc")


def _table(kind: str, size: int) -> Callable[[Request], bytes]:
    """The kernel's own records of all places: what IPC_STAT tells, and pointers behind it."""
    def told(request: Request) -> bytes:
        system = request.system
        tables: dict[str, Sequence[Object | None]] = {
            "msg": system.msg.places, "sem": system.sem.places, "shm": system.shm.places}
        return b"".join((b"" if one is None else one.pack(request.td)).ljust(size, b"\0")
                        for one in tables[kind])
    return told


ROWS: tuple[Row, ...] = (
    opaque("vm.loadavg", 2, "S,loadavg", _loadavg, "Load of the machine"),
    node("kern.ipc", 30, "Communication of processes"),
    *(constant(f"kern.ipc.{name}", None, kind, value, what, flags)
      for name, kind, value, flags, what in (
          ("msgmax", Type.INT, sysvmsg.MSGMAX, RD, "Bytes of a message"),
          ("msgmni", Type.INT, sysvmsg.MSGMNI, RD | TUN, "Message queues"),
          ("msgmnb", Type.INT, sysvmsg.MSGMNB, RD | TUN, "Bytes of a queue"),
          ("msgtql", Type.INT, sysvmsg.MSGTQL, RD | TUN, "Messages"),
          ("msgssz", Type.INT, sysvmsg.MSGSSZ, RD | TUN, "Bytes of a segment"),
          ("msgseg", Type.INT, sysvmsg.MSGSEG, RD | TUN, "Segments"),
          ("semmni", Type.INT, sysvsem.SEMMNI, RD | TUN, "Sets of semaphores"),
          ("semmns", Type.INT, sysvsem.SEMMNS, RD | TUN, "Semaphores"),
          ("semmnu", Type.INT, 150, RD | TUN, "Processes that undo something"),
          ("semopm", Type.INT, sysvsem.SEMOPM, RD | TUN, "Operations at once"),
          ("semume", Type.INT, sysvsem.SEMUME, RD | TUN, "What a process undoes"),
          ("semusz", Type.INT, 632, RD, "Bytes of what undoes"),
          ("shmmni", Type.ULONG, sysvshm.SHMMNI, RD | TUN, "Segments"),
          ("shmseg", Type.ULONG, sysvshm.SHMSEG, RD | TUN, "Segments of a process"),
      )),
    *(setting(f"kern.ipc.{name}", None, kind, value, what, RW | TUN)
      for name, kind, value, what in (
          ("semmsl", Type.INT, sysvsem.SEMMSL, "Semaphores of a set"),
          ("semvmx", Type.INT, sysvsem.SEMVMX, "Largest value"),
          ("semaem", Type.INT, sysvsem.SEMAEM, "Largest adjustment"),
          ("shmmax", Type.ULONG, sysvshm.SHMMAX, "Largest segment"),
          ("shmmin", Type.ULONG, sysvshm.SHMMIN, "Smallest segment"),
          ("shmall", Type.ULONG, sysvshm.SHMALL, "Pages of all"),
          ("shm_allow_removed", Type.INT, 1, "Segments that are removed can be attached"),
          ("umtx_max_robust", Type.INT, umutex.MOST_ROBUST,
           "Mutexes of a thread that has gone are let go"),
      )),
    unchanging("kern.ipc.shm_use_phys", None, Type.INT, 0, "Segments stay in memory", RW | TUN),
    *(opaque(f"kern.ipc.{name}", None, "", _table(kind, size), what)
      for name, kind, size, what in (
          ("msqids", "msg", 120, "Message queues"), ("sema", "sem", 80, "Sets of semaphores"),
          ("shmsegs", "shm", 104, "Segments"))),
    node("vfs.aio", None, "Asynchronous requests"),
    setting("vfs.aio.max_aio_queue", None, Type.INT, aio.ALL, "Requests of all"),
    setting("vfs.aio.max_aio_queue_per_proc", None, Type.INT, aio.PER_PROCESS,
            "Requests of a process"),
    unchanging("vfs.aio.enable_unsafe", None, Type.INT, 0, "Of every kind of file"),
    *(constant(f"p1003_1b.{name}", number, Type.INT,
               _listio_max if name == "aio_listio_max" else value, f"POSIX: {name}")
      for number, (name, value) in enumerate((
          ("asynchronous_io", POSIX_2001), ("mapped_files", POSIX_2001), ("memlock", 0),
          ("memlock_range", 0), ("memory_protection", 0), ("message_passing", 0),
          ("prioritized_io", 0), ("priority_scheduling", POSIX_2001),
          ("realtime_signals", POSIX_2001), ("semaphores", 0), ("fsync", POSIX_2001),
          ("shared_memory_objects", POSIX_2001), ("synchronized_io", 0), ("timers", POSIX_2001),
          ("aio_listio_max", aio.PER_PROCESS), ("aio_max", aio.ALL), ("aio_prio_delta_max", 0),
          ("delaytimer_max", (1 << 31) - 1), ("mq_open_max", 0)), 1)),
    *(constant(f"p1003_1b.{name}", number, Type.INT, value, f"POSIX: {name}")
      for number, name, value in ((21, "rtsig_max", 62),
                                  (23, "sem_value_max", 0), (24, "sigqueue_max", 128),
                                  (25, "timer_max", 32))),
    unchanging("p1003_1b.sem_nsems_max", 22, Type.INT, 0, "POSIX: sem_nsems_max",
               Flag.RW | Flag.NEEDGIANT),
)
