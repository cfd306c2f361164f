"""Whatever is asked of processes in whatever order: an answer or an errno, and an end."""

from __future__ import annotations

import random

import pytest

from bsdproc.kernel.errors import KernelError

from .world import O_RDWR, WNOHANG, World

WORDS = (
    ("spin",), ("rest",), ("sleep 5", "exit 3"), ("lwp", "spin", "end", "rest"),
    ("catch 30", "await 30 1", "exit 2"), ("fork", "spin", "end", "rest"),
    ("fork", "sleep 3", "end", "wait 0", "spin"), ("vfork", "sleep 4", "end", "spin"),
    ("trace-me", "kill 17", "int3", "rest"), ("ignore 15", "spin"), ("uid 5", "rest"),
    ("reap", "fork", "fork", "sleep 8", "end", "end", "wait 0", "wait 0"), ("session", "spin"),
    ("jail", "rest"), ("trace-me", "fault 0"), ("sleep 2", "exec /bin/act", "act", "spin"),
    ("lwp", "sleep 3", "exec /bin/act", "act", "rest", "end", "spin"))
VERBS = ("attach", "detach", "run", "step", "wait", "usr1", "kill", "stop", "cont")
NODES = ("status", "regs", "map", "cmdline", "mem", "fpregs", "dbregs", "rlimit", "etype")
SIGNALS = (0, 2, 5, 9, 15, 17, 18, 19, 20, 30)
MOST = 12


def one(world: World, dice: random.Random) -> None:
    kernel = world.kernel
    pids = list(world.system.allproc)
    pid = dice.choice(pids) if dice.random() < 0.95 else dice.choice((-1, 99999))
    match dice.randrange(9):
        case 0 if len(pids) < MOST:
            world.act(*dice.choice(WORDS), traced=dice.random() < 0.2,
                      new_group=dice.random() < 0.2)
        case 1:
            kernel.ptrace(dice.choice((0, 7, 7, 8, 9, 10, 10, 11)), pid, dice.choice((1, 1, 0)),
                          dice.choice(SIGNALS))
        case 2:
            kernel.ptrace(dice.choice((12, *range(33, 39))), pid, kernel.buffer(512), 0)
        case 3 if pid > 1 and pid != kernel.getpid():
            kernel.kill(pid, dice.choice(SIGNALS))
        case 4:
            kernel.wait4(dice.choice((-1, pid)), WNOHANG | dice.choice((0, 2, 4, 6)))
        case 5:
            kernel.settle(dice.choice((0.0001, 0.001, 0.01)))
        case 6:
            world.ctl(pid, dice.choice(VERBS))
        case 7:
            fd = kernel.open(f"/proc/{pid}/{dice.choice(NODES)}", O_RDWR)
            try:
                kernel.read(fd, 4096)
            finally:
                kernel.close(fd)
        case 8:
            kernel.sysctl((1, 14, 0))
            kernel.sysctl((1, 14, 16))
            kernel.sysctl((1, 14, dice.randrange(27), pid))
            kernel.procctl(0, kernel.getpid(), dice.randrange(5), kernel.buffer(192))


@pytest.mark.parametrize("seed", range(6))
def test_a_random_walk(world: World, seed: int) -> None:
    dice = random.Random(seed)
    refusals = 0
    for _ in range(150):
        try:
            one(world, dice)
        except KernelError:
            refusals += 1
    assert 0 < refusals < 150
    for p in list(world.system.allproc.values()):
        assert p.nstopped == sum(td.counted for td in p.lwps)
        assert p.zombie or (p.pid == 0 if p.parent is None else p in p.parent.children)
