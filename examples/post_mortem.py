"""Read a core: the signal that a program died of, and the calls that led there.

Without arguments a program makes one first.  A core of FreeBSD's is read on any host, and with
--emulate=netbsd one of NetBSD's.

    python examples/post_mortem.py [CORE PROGRAM]
"""

from __future__ import annotations

import io
import struct

from _kernel import ARGUMENTS, SYSTEM, kernel_for, nearest, program, surface, symbols

from bsdproc.freebsd.core import Memory
from bsdproc.kernel import Kernel


def dumped(kernel: Kernel, path: str) -> bytes:
    """The core of a program that stands at the signal of its fault."""
    system, core, name = surface(), io.BytesIO(), "/tmp/post_mortem.core"
    pid = kernel.spawn(path, [path], traced=True)
    system.wait(pid)                                # its first instruction
    system.ptrace.cont(pid)
    system.wait(pid)                                # the fault
    if SYSTEM == "freebsd":
        system.ptrace.coredump(pid, core)
    else:
        system.ptrace.dumpcore(pid, name)
        descriptor = kernel.open(name, 0)
        while part := kernel.pread(descriptor, 1 << 20, core.tell()):
            core.write(part)
    system.ptrace.kill(pid)
    system.wait(pid)
    return core.getvalue()


def calls(memory: Memory, pc: int, frame: int) -> list[int]:
    """Where it was and what called that, innermost first, as far as the core has the stack."""
    found = [pc]
    while frame + 15 in memory and len(found) < 50:
        frame, pc = struct.unpack("<QQ", memory[frame : frame + 16])
        found.append(pc)
    return found


if __name__ == "__main__":
    path = ARGUMENTS[1] if ARGUMENTS else program("faulty")
    if SYSTEM == "dragonfly":
        print("no request of DragonFly's writes a core, and what their notes say is not known")
    else:
        with kernel_for(program("faulty")) as machine:
            core = surface().core.read(ARGUMENTS[0] if ARGUMENTS else dumped(machine, path))
        thread, told = (core.thread, core.thread.siginfo) if SYSTEM == "freebsd" else (
            core.lwp, core.procinfo)
        print(f"died of {told.signo!r}, {told.code!r}")
        for pc in calls(core.memory, thread.registers.pc, thread.registers.fp):
            print(f"  {pc:#x} {nearest(symbols(path), pc)}")
