"""Stop a program at a function and look around: its registers, its stack, its memory.

    python examples/breakpoints.py [PROGRAM FUNCTION]
"""

from __future__ import annotations

import os
import sys

from _kernel import kernel_for
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bsdproc import Debugger, events


def address_of(program: str, function: str) -> int:
    """From the program's symbol table."""
    with open(program, "rb") as file:
        for section in ELFFile(file).iter_sections():
            if isinstance(section, SymbolTableSection):
                for symbol in section.get_symbol_by_name(function) or ():
                    return int(symbol["st_value"])
    raise SystemExit(f"{program} has no {function}")


def main(argv: list[str]) -> int:
    program, function = argv or ["examples/programs/bin/hello", "greet"]
    program = os.path.abspath(program)
    with kernel_for(program), Debugger() as debugger:
        process = debugger.spawn([program])
        process.breakpoints.add(address_of(program, function))
        for event in debugger:
            match event:
                case events.BreakpointHit(thread=thread):
                    registers = thread.registers
                    back = process.memory[registers.sp : registers.sp + 8]
                    print(f"{function} at {registers.pc:#x}, "
                          f"called from {int.from_bytes(back, 'little'):#x}")
                case events.Exited(status=status):
                    print(f"exited with {status}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
