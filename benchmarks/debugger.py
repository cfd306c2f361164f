"""What a debugging session costs on the emulated kernel: ``python benchmarks/debugger.py``.

Rates are in processor time of this process, the best of several rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bsdproc import Debugger, emulator, events

PROGRAMS = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "tracees" / "bin"
ROUNDS = 5


def symbol(program: str, name: str) -> int:
    """An address by its name."""
    with (PROGRAMS / program).open("rb") as file:
        for section in ELFFile(file).iter_sections():
            if isinstance(section, SymbolTableSection):
                for found in section.get_symbol_by_name(name) or ():
                    return int(found["st_value"])
    raise KeyError(name)


def rate(session: Callable[[Debugger], int]) -> float:
    """Events a second of a session that tells how many it saw."""
    best = 0.0
    for _ in range(ROUNDS):
        with emulator.FreeBSD() as kernel:
            for name in ("threads", "steps", "spin"):
                kernel.install(f"/bin/{name}", PROGRAMS / name)
            with Debugger() as debugger:
                began = time.process_time()
                count = session(debugger)
                best = max(best, count / (time.process_time() - began))
    return best


def system_calls(debugger: Debugger) -> int:
    """A program that does nothing but sched_yield(2): both stops of each."""
    process = debugger.spawn(["/bin/threads", "one"])
    process.trace_syscalls()
    count = 0
    for event in debugger:
        if isinstance(event, events.SyscallEntered | events.SyscallExited):
            count += 1
            if count == 6000:
                break
    return count


def breakpoints(debugger: Debugger) -> int:
    """A function called in a loop: hit, stepped over, hit again."""
    process = debugger.spawn(["/bin/steps"])
    process.memory[symbol("steps", "rounds") : symbol("steps", "rounds") + 4] = (
        3000).to_bytes(4, "little")
    process.breakpoints.add(symbol("steps", "bump"))
    return sum(isinstance(event, events.BreakpointHit) for event in debugger)


def steps(debugger: Debugger) -> int:
    """Single steps through the Debugger's events."""
    process = debugger.spawn(["/bin/spin"])
    count = 0
    process.step()
    for event in debugger:
        if isinstance(event, events.Stepped):
            count += 1
            if count == 3000:
                break
        process.step()
    return count


def main() -> int:
    for name, session in (("system-call stops", system_calls), ("breakpoint hits", breakpoints),
                          ("single steps", steps)):
        print(f"{name + ', Debugger':35} {rate(session):12,.0f} /s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
