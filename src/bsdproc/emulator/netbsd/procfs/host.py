"""The emulated kernel as procfs looks at it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.errno import Refused
from bsdproc.emulator.machine.cpuid import cpuid
from bsdproc.emulator.netbsd import cred
from bsdproc.emulator.netbsd.procfs import linux
from bsdproc.emulator.netbsd.procfs.linux import (
    Cpu,
    Devices,
    Memory,
    MessageQueue,
    Messages,
    MountLine,
    Semaphores,
    SharedMemory,
    Ticks,
    Version,
)
from bsdproc.emulator.netbsd.procfs.process import ProcessView, living
from bsdproc.emulator.vnode import Access, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.procfs.view import Process
    from bsdproc.emulator.netbsd.system import System

MEMORY_PAGES = 131072
"""512 MB: what the machine claims to have."""
CPU_MHZ = 100.0
"""Ten nanoseconds an instruction."""
COMPILER = "10.5.0"
CHARACTER_DEVICES = ((0, "cons"), (1, "ctty"), (2, "mem"), (3, "wd"), (46, "rnd"))
BLOCK_DEVICES = ((0, "wd"),)
TICK = 10**9 // linux.HZ


def _p(process: Process) -> Proc:
    assert isinstance(process, ProcessView)
    return process.p


def _below(path: str, root: str) -> str | None:
    """A path as somebody sees it whose root directory that is; None for one outside."""
    if root == "/":
        return path
    if path == root:
        return "/"
    return path[len(root):] if path.startswith(root + "/") else None


class KernelHost:
    """The kernel."""

    def __init__(self, system: System) -> None:
        self.system = system

    def view(self, p: Proc) -> ProcessView:
        return ProcessView(self.system, p)

    # -- processes
    def find(self, pid: int, linux: bool) -> ProcessView | None:
        system = self.system
        if pid == 0:
            return self.view(system.kernel_proc)
        p = system.procs.get(pid)
        if p is None and linux and (td := system.threads.get(pid)) is not None:
            p = td.proc
        found = living(p)
        return self.view(found) if found is not None else None

    def processes(self) -> Iterable[ProcessView]:
        return [self.view(p) for p in reversed(self.system.procs.values())
                if living(p) is not None]

    def asker(self, who: Access) -> ProcessView:
        thread = who.thread
        return self.view(thread.proc if isinstance(thread, Thread) else self.system.kernel_proc)

    def can_see(self, asker: Process, process: Process) -> bool:
        return cred.visible(self.system, _p(asker).threads[0], _p(process))

    def is_under(self, process: Process, asker: Process) -> bool:
        return cred.is_under(_p(process), _p(asker).threads[0])

    @property
    def securelevel(self) -> int:
        return int(self.system.settings[cred.SECURELEVEL])

    @property
    def maxproc(self) -> int:
        return int(self.system.settings["kern.maxproc"])

    @property
    def nprocs(self) -> int:
        return len(self.system.procs)

    # -- names
    def path(self, vnode: Vnode, asker: Process) -> str:
        full = self.system.vfs.path_of(vnode)
        return _below(full, _p(asker).root) or "" if full else ""

    def file_path(self, vnode: Vnode, asker: Process) -> str:
        """A file directly in the asker's root has two slashes; one outside is shown by its full
        path."""
        full = self.system.vfs.path_of(vnode)
        seen = _below(full, _p(asker).root) if full else None
        if seen is None:
            return full
        return "/" + seen if seen.count("/") == 1 else seen

    def at(self, path: str) -> Vnode | None:
        try:
            return self.system.vfs.lookup(path) if path else None
        except Refused:
            return None

    def device(self, fsid: int) -> tuple[int, int]:
        """major(9) and minor(9)."""
        return fsid >> 8 & 0xFFF, fsid >> 12 & 0xFFF00 | fsid & 0xFF

    # -- the machine
    def memory(self) -> Memory:
        used = files = 0
        for space in {p.space for p in self.system.procs.values() if p.space is not None}:
            for entry in space.entries:
                pages = space.resident(entry)
                used += pages
                files += pages if entry.backing is not None else 0
        return Memory(MEMORY_PAGES, MEMORY_PAGES - used, files, used, 0, 0)

    def cpu(self) -> Cpu:
        level, b, c, d = cpuid(0, 0)
        signature, _, _, features = cpuid(1, 0)
        family, model = signature >> 8 & 0xF, signature >> 4 & 0xF
        if family in (6, 15):
            model |= signature >> 12 & 0xF0
        if family == 15:
            family += signature >> 20 & 0xFF
        brand = b"".join(struct.pack("<IIII", *cpuid(0x80000002 + i, 0)) for i in range(3))
        flags = [name for bit, name in enumerate(linux.CPUID_FLAGS)
                 if name and features >> bit & 1]
        return Cpu(struct.pack("<III", b, d, c).decode("latin-1"), family, model,
                   brand.split(b"\0")[0].decode("latin-1"), signature & 0xF, CPU_MHZ, level, flags)

    def devices(self) -> Devices:
        return Devices(CHARACTER_DEVICES, BLOCK_DEVICES)

    def ticks(self) -> Ticks:
        system = self.system
        procs = system.procs.values()
        user = sum(p.usage.utime + sum(td.runtime for td in p.threads) for p in procs)
        kernel = sum(p.usage.stime for p in procs)
        switches = sum(p.usage.nvcsw + p.usage.nivcsw for p in procs)
        idle = max(0, system.clock - user - kernel)
        return Ticks(user // TICK, 0, kernel // TICK, idle // TICK, system.clock // TICK, switches,
                     system.boot_time, system.clock)

    def load(self) -> tuple[float, float, float]:
        return (0.0, 0.0, 0.0)

    def version(self) -> Version:
        release = self.system.release
        return Version(release, "netbsd", COMPILER, f"NetBSD {release} (GENERIC)")

    def mounts(self, asker: Process) -> Sequence[MountLine]:
        """Those that the asker can get to, then what its root directory lies on if that is none
        of them."""
        mounts, root = self.system.vfs.mounts, _p(asker).root
        found = []
        for mount in mounts:
            if (path := _below(mount.on, root)) is not None:
                found.append(MountLine(mount.source, path, mount.kind, mount.flags))
        if not any(line.path == "/" for line in found):
            mount = self.system.vfs.lookup(root).mount
            found.append(MountLine(mount.source, mount.on, mount.kind, mount.flags))
        return found

    # -- interprocess communication, of which there is none
    def messages(self) -> Sequence[Messages]:
        return ()

    def semaphores(self) -> Sequence[Semaphores]:
        return ()

    def shared_memory(self) -> Sequence[SharedMemory]:
        return ()

    def message_queue(self) -> MessageQueue:
        return MessageQueue()
