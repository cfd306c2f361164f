"""Report what a program dies of: the signal, the address, the calls that led there.

    python examples/fault_report.py [PROGRAM [ARGUMENT ...]]
"""

from __future__ import annotations

from _kernel import ARGUMENTS, kernel_for, nearest, program, surface, symbols

from bsdproc import Debugger, events
from bsdproc.debugger import Process

FAULTS = {surface().Signal[name]
          for name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGABRT")}


def calls(process: Process) -> list[int]:
    """Where it is and what called that, innermost first, by the frame pointers."""
    registers = process.registers
    found, frame = [registers.pc], registers.fp
    while frame and len(found) < 50:
        words = process.memory.read(frame, 16)
        frame = int.from_bytes(words[:8], "little")
        found.append(int.from_bytes(words[8:], "little"))
    return found


def main() -> None:
    name, *arguments = ARGUMENTS or ["faulty"]
    path = program(name)
    names = symbols(path)
    with kernel_for(path), Debugger() as debugger:
        debugger.spawn([path, *arguments])
        for event in debugger:
            match event:
                case events.SignalReceived(process=process, signal=signal, address=address) if (
                        signal in FAULTS):
                    print(f"{signal!r} at address {address or 0:#x}")
                    for pc in calls(process):
                        print(f"  {pc:#x} {nearest(names, pc)}")
                case events.Killed(signal=signal, core=core):
                    print(f"killed by {signal!r}{', core dumped' if core else ''}")


if __name__ == "__main__":
    main()
