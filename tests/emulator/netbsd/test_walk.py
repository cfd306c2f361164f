"""Random requests, sensible and not: nothing but an OSError comes of them, and
every process can be collected in the end."""

from __future__ import annotations

import random
import struct

import pytest

from bsdproc.emulator import NetBSD

from .stage import (
    PT_ATTACH,
    PT_CONTINUE,
    PT_DETACH,
    PT_KILL,
    PT_SET_EVENT_MASK,
    PT_STEP,
    PT_STOP,
    PT_SYSCALL,
    SIGKILL,
    SYMBOLS,
    run,
)

PARTS = ("nap", "fork", "vfork", "lwp", "lwps", "calls", "handler", "int3", "wild", "exec", "spawn",
         "stop", "loop", "siginfo", "park")
REQUESTS = (*range(28), *range(32, 43), 77, -1)
WALK = (PT_CONTINUE, PT_STEP, PT_SYSCALL, PT_STOP, PT_KILL, PT_DETACH, PT_ATTACH)
STEPS = 400


def step(kernel: NetBSD, source: random.Random, pids: list[int]) -> None:
    """One request, wait or signal."""
    what = source.random()
    pid = source.choice(pids) if source.random() < 0.95 else source.choice([0, 1, -5, 99999])
    if what < 0.08:
        pids.append(run(kernel, source.choice(PARTS), traced=source.random() < 0.7))
    elif what < 0.4:
        found = kernel.wait4(-1, 1 | source.choice((0, 2, 16)))
        if found.pid and found.pid not in pids:
            pids.append(found.pid)
    elif what < 0.45:
        kernel.kill(pid, source.choice((0, 5, SIGKILL, 17, 18, 19, 20, 30, 33, 63)))
    elif what < 0.5:
        kernel.settle(0.01)
    elif what < 0.75:
        kernel.ptrace(source.choice(WALK), pid, source.choice((1, 1, 1, 1, 0, SYMBOLS["main"])),
                      source.choice((0, 0, 0, 0, 5, 9, 17, 30, -pid, 64)))
    elif what < 0.8:
        kernel.ptrace(PT_SET_EVENT_MASK, pid, kernel.buffer(struct.pack(
            "<i", source.randrange(64))), 4)
    else:
        size = source.choice((0, 1, 4, 8, 16, 32, 64, 128, 136, 208, 512))
        kernel.ptrace(source.choice(REQUESTS), pid, source.choice((
            0, 1, SYMBOLS["word"], kernel.buffer(source.randbytes(600)), kernel.buffer(600))),
            source.choice((size, 0, pid, -1)))


@pytest.mark.parametrize("seed", range(4))
def test_a_walk(kernel: NetBSD, seed: int) -> None:
    source = random.Random(seed)
    pids = [kernel.getpid()]
    for _ in range(STEPS):
        try:
            step(kernel, source, pids)
        except OSError:
            continue
    for _ in range(200):
        for pid in list(kernel._system.procs):
            if pid not in (0, 1, kernel.getpid()):
                try:
                    kernel.kill(pid, SIGKILL)
                except OSError:
                    continue
        kernel.settle(0.01)
        try:
            while kernel.wait4(-1, 1).pid:
                pass
        except ChildProcessError:
            break
    assert set(kernel._system.procs) == {0, 1, kernel.getpid()}
