"""See who writes to a variable, by a debug register.

    python examples/watch.py [PROGRAM VARIABLE]
"""

from __future__ import annotations

from _kernel import ARGUMENTS, kernel_for, nearest, program, symbols

from bsdproc import Debugger, events


def main() -> None:
    name, variable = ARGUMENTS or ["hello", "greetings"]
    path = program(name)
    names = symbols(path)
    with kernel_for(path), Debugger() as debugger:
        process = debugger.spawn([path])
        point = process.watchpoints.add(names[variable], 8, "w")
        for event in debugger:
            match event:
                case events.WatchpointHit(thread=thread):
                    data = process.memory[point.address : point.address + point.size]
                    print(f"{variable} is {int.from_bytes(data, 'little')}, "
                          f"written before {nearest(names, thread.pc)}", flush=True)
                case events.Exited(status=status):
                    print(f"exited with {status}")


if __name__ == "__main__":
    main()
