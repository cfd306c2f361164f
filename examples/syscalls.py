"""Count the system calls of a program and its children, and how many failed.

On DragonFly, whose ptrace(2) does not follow children, those of the program alone.

    python examples/syscalls.py [PROGRAM [ARGUMENT ...]]
"""

from __future__ import annotations

from collections import Counter

from _kernel import ARGUMENTS, SYSTEM, kernel_for, program

from bsdproc import Debugger, events


def main() -> None:
    name, *arguments = ARGUMENTS or ["hello"]
    path = program(name)
    calls: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    with kernel_for(path), Debugger(follow_fork=SYSTEM != "dragonfly",
                                    syscalls=True) as debugger:
        debugger.spawn([path, *arguments])
        for event in debugger:
            match event:
                case events.SyscallEntered(name=call):
                    calls[call] += 1
                case events.SyscallExited(name=call, error=error) if error > 0:
                    failed[call] += 1
                case events.Exited(process=process, status=status):
                    print(f"process {process.pid} exits with {status}", flush=True)
    for call, count in calls.most_common():
        print(f"{call:16} {count:5} {failed[call]:5} failed")


if __name__ == "__main__":
    main()
