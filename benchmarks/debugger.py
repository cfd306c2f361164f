"""What a debugging session costs on the emulated kernel: ``python benchmarks/debugger.py``.

A session is timed in short rounds, in processor time of this process: the best of them, which
is what the code costs, and the one in the middle, which is what the machine made of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bsdproc import Debugger, emulator, events

PROGRAMS = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "tracees" / "bin"
SESSIONS = 5
ROUND = 300
"""Events."""


def symbol(program: str, name: str) -> int:
    """An address by its name."""
    with (PROGRAMS / program).open("rb") as file:
        for section in ELFFile(file).iter_sections():
            if isinstance(section, SymbolTableSection):
                for found in section.get_symbol_by_name(name) or ():
                    return int(found["st_value"])
    raise KeyError(name)


Session = Callable[[Debugger], Iterator[events.Event]]


def rates(session: Session) -> list[float]:
    """Events a second, in each round of some sessions."""
    found = []
    for _ in range(SESSIONS):
        with emulator.FreeBSD() as kernel:
            for name in ("threads", "steps", "spin"):
                kernel.install(f"/bin/{name}", PROGRAMS / name)
            with Debugger() as debugger:
                began = time.process_time()
                for count, _event in enumerate(session(debugger), 1):
                    if count % ROUND == 0:
                        now = time.process_time()
                        found.append(ROUND / (now - began))
                        began = now
    return found


def system_calls(debugger: Debugger) -> Iterator[events.Event]:
    """A program that does nothing but sched_yield(2): both stops of each."""
    process = debugger.spawn(["/bin/threads", "one"])
    process.trace_syscalls()
    calls = (event for event in debugger
             if isinstance(event, events.SyscallEntered | events.SyscallExited))
    return islice(calls, 6000)


def breakpoints(debugger: Debugger) -> Iterator[events.Event]:
    """A function called in a loop: hit, stepped over, hit again."""
    process = debugger.spawn(["/bin/steps"])
    process.memory[symbol("steps", "rounds") : symbol("steps", "rounds") + 4] = (
        3000).to_bytes(4, "little")
    process.breakpoints.add(symbol("steps", "bump"))
    return (event for event in debugger if isinstance(event, events.BreakpointHit))


def steps(debugger: Debugger) -> Iterator[events.Event]:
    """Single steps through the Debugger's events."""
    process = debugger.spawn(["/bin/spin"])
    process.step()
    for event in islice(debugger, 3000):
        yield event
        process.step()


def main() -> int:
    for name, session in (("system-call stops", system_calls), ("breakpoint hits", breakpoints),
                          ("single steps", steps)):
        found = rates(session)
        print(f"{name + ', Debugger':30} {max(found):10,.0f} /s   middle {median(found):10,.0f} /s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
