"""Show the map of a fresh program's address space, as PT_VM_ENTRY gives it, or procfs.

    python examples/memory_map.py [PROGRAM]
"""

from __future__ import annotations

from _kernel import ARGUMENTS, SYSTEM, kernel_for, program, surface

from bsdproc import Debugger

VmProtection = surface().constants.VmProtection
LETTERS = ((VmProtection.VM_PROT_READ, "r"), (VmProtection.VM_PROT_WRITE, "w"),
           (VmProtection.VM_PROT_EXECUTE, "x"))


def main() -> None:
    path = program(*ARGUMENTS or ["hello"])
    with kernel_for(path), Debugger() as debugger:
        process = debugger.spawn([path])
        print(f"stands at {process.registers.pc:#x}, its stack at {process.registers.sp:#x}")
        system = surface()
        for span in (system.ptrace.vm_map(process.pid) if SYSTEM == "freebsd" else
                     system.procfs.map(process.pid)):
            permits = "".join(letter if bit in span.protection else "-" for bit, letter in LETTERS)
            size = (span.end - span.start) // 1024
            print(f"{span.start:#16x} {span.end:#16x} {permits} {size:8} KiB "
                  f"{span.path or ''}".rstrip())


if __name__ == "__main__":
    main()
