"""Stop a program at a function and look around: its arguments, its caller, its memory.

    python examples/breakpoints.py [PROGRAM FUNCTION]

A child of fork has the breakpoints too, and ends by one that no debugger takes: on
DragonFly, which gives children to nobody, it should not come to such a place.
"""

from __future__ import annotations

from _kernel import ARGUMENTS, SYSTEM, kernel_for, nearest, program, symbols

from bsdproc import Debugger, events
from bsdproc.debugger import Process


def shown(process: Process, argument: int) -> str:
    """A string if it is the address of one, else the number."""
    try:
        text = process.memory.read_text(argument, limit=40)
    except OSError:
        return str(argument)
    return repr(text)


def main() -> None:
    name, function = ARGUMENTS or ["hello", "greet" if SYSTEM != "dragonfly" else "handler"]
    path = program(name)
    names = symbols(path)
    with kernel_for(path), Debugger() as debugger:
        process = debugger.spawn([path])
        process.breakpoints.add(names[function])
        for event in debugger:
            match event:
                case events.BreakpointHit(thread=thread):
                    registers = thread.registers
                    back = process.memory[registers.sp : registers.sp + 8]
                    given = ", ".join(shown(process, one) for one in registers.arguments[:3])
                    print(f"{function}({given}) from "
                          f"{nearest(names, int.from_bytes(back, 'little'))}", flush=True)
                case events.SignalReceived(signal=signal, sender=sender):
                    print(f"{signal!r} from {sender}", flush=True)
                case events.Exited(status=status):
                    print(f"exited with {status}")


if __name__ == "__main__":
    main()
