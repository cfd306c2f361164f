"""Follow a program's children, and draw who came of whom.

DragonFly's ptrace(2) does not follow: there the parent's calls tell of children, and nothing
of their ends.

    python examples/follow_forks.py [PROGRAM [ARGUMENT ...]]
"""

from __future__ import annotations

from _kernel import ARGUMENTS, SYSTEM, kernel_for, program

from bsdproc import Debugger, events


def main() -> None:
    name, *arguments = ARGUMENTS or ["hello"]
    path = program(name)
    parents: dict[int, int] = {}
    ends: dict[int, str] = {}
    follows = SYSTEM != "dragonfly"
    with kernel_for(path), Debugger(follow_fork=follows, syscalls=not follows) as debugger:
        first = debugger.spawn([path, *arguments])
        for event in debugger:
            match event:
                case events.Forked(process=process, child_pid=child):
                    parents[child] = process.pid
                case events.SyscallExited(process=process, name="fork" | "vfork", error=0,
                                          result=child):
                    parents[child] = process.pid
                case events.Exited(process=process, status=status):
                    ends[process.pid] = f"exits with {status}"
                case events.Killed(process=process, signal=signal):
                    ends[process.pid] = f"is killed by {signal!r}"

    def draw(pid: int, depth: int) -> None:
        print(f"{'  ' * depth}{pid} {ends.get(pid, 'is not followed')}")
        for child in sorted(child for child, parent in parents.items() if parent == pid):
            draw(child, depth + 1)

    draw(first.pid, 0)


if __name__ == "__main__":
    main()
