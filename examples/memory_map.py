"""Show the map of a fresh program's address space, as PT_VM_ENTRY gives it.

    python examples/memory_map.py [PROGRAM]
"""

from __future__ import annotations

from _kernel import ARGUMENTS, kernel_for, program

from bsdproc import Debugger, freebsd
from bsdproc.freebsd.constants import VmProtection

LETTERS = ((VmProtection.VM_PROT_READ, "r"), (VmProtection.VM_PROT_WRITE, "w"),
           (VmProtection.VM_PROT_EXECUTE, "x"))


def main() -> None:
    path = program(*ARGUMENTS or ["hello"])
    with kernel_for(path), Debugger() as debugger:
        process = debugger.spawn([path])
        print(f"stands at {process.registers.pc:#x}, its stack at {process.registers.sp:#x}")
        for span in freebsd.ptrace.vm_map(process.pid):
            permits = "".join(letter if bit in span.protection else "-" for bit, letter in LETTERS)
            print(f"{span.start:#16x} {span.end:#16x} {permits} {span.size // 1024:8} KiB "
                  f"{span.path or ''}".rstrip())


if __name__ == "__main__":
    main()
