"""Count a program's system calls, its children's too.

    python examples/syscalls.py PROGRAM [ARGUMENT ..]

On a host that is no FreeBSD an emulated kernel runs the program.
"""

from __future__ import annotations

import os
import sys
from collections import Counter

from _kernel import kernel_for

from bsdproc import Debugger, events


def main(argv: list[str]) -> int:
    calls: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    with kernel_for(argv[0]), Debugger(follow_fork=True, syscalls=True) as debugger:
        debugger.spawn([os.path.abspath(argv[0]), *argv[1:]])
        for event in debugger:
            match event:
                case events.SyscallEntered(name=name):
                    calls[name] += 1
                case events.SyscallExited(name=name, error=error) if error > 0:
                    failed[name] += 1
                case events.Exited(process=process, status=status):
                    print(f"process {process.pid} exits with {status}")
    for name, count in calls.most_common():
        print(f"{name:16} {count:5}  {failed[name]:5} failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
