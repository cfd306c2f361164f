"""Show the map of a fresh program's address space: FreeBSD's PT_VM_ENTRY, NetBSD's
vm.proc.map, DragonFly's procfs.

    python examples/memory_map.py [PROGRAM]
"""

from __future__ import annotations

from _kernel import ARGUMENTS, SYSTEM, kernel_for, program, surface

from bsdproc import Debugger

LETTERS = "rwx"
"""VM_PROT_READ is 1, VM_PROT_WRITE 2, VM_PROT_EXECUTE 4."""


def main() -> None:
    path = program(*ARGUMENTS or ["hello"])
    with kernel_for(path), Debugger() as debugger:
        process = debugger.spawn([path])
        print(f"stands at {process.registers.pc:#x}, its stack at {process.registers.sp:#x}")
        system = surface()
        spans = {"freebsd": lambda: system.ptrace.vm_map(process.pid),
                 "netbsd": lambda: system.kinfo.vmmap(process.pid),
                 "dragonfly": lambda: system.procfs.map(process.pid)}[SYSTEM]()
        for span in spans:
            permits = "".join(letter if span.protection.value & 1 << bit else "-"
                              for bit, letter in enumerate(LETTERS))
            size = (span.end - span.start) // 1024
            print(f"{span.start:#16x} {span.end:#16x} {permits} {size:8} KiB "
                  f"{span.path or ''}".rstrip())


if __name__ == "__main__":
    main()
