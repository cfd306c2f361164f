"""See who writes to a variable, by a debug register.

    python examples/watch.py
"""

from __future__ import annotations

import os
import sys

from _kernel import kernel_for
from breakpoints import address_of

from bsdproc import Debugger, events

PROGRAM = os.path.abspath("examples/programs/bin/hello")


def main() -> int:
    where = address_of(PROGRAM, "greetings")
    with kernel_for(PROGRAM), Debugger() as debugger:
        process = debugger.spawn([PROGRAM])
        process.watchpoints.add(where, 8, "w")
        for event in debugger:
            match event:
                case events.WatchpointHit(thread=thread):
                    value = int.from_bytes(process.memory[where : where + 8], "little")
                    print(f"greetings is {value}, written before {thread.pc:#x}")
                case events.Exited(status=status):
                    print(f"exited with {status}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
