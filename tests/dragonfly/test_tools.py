"""The command line on the emulated DragonFly, as far as it goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bsdproc.tools import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HELLO = str(EXAMPLES / "programs" / "bin" / "dragonfly" / "hello")
EMULATE = ("--emulate", "dragonfly/x86_64")


def test_truss(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["truss", *EMULATE, HELLO]) == 0
    out, err = capfd.readouterr()
    child = re.search(r"fork\(\) = (\d+)", err)
    assert child is not None
    pid = int(child[1])
    own = err.split()[2]
    assert re.sub(r"0x[0-9a-f]{6,}", "ADDR", err).splitlines() == [
        f"getpid() = {own} ({int(own):#x})",
        "sigaction(SIGUSR1,ADDR,0x0) = 0 (0x0)",
        "sigprocmask(0x1,{ SIGUSR1 },{ }) = 0 (0x0)",
        f"fork() = {pid} ({pid:#x})",
        "sigsuspend({ }) ERR#4 EINTR 'interrupted system call'",
        "SIGNAL 30 (SIGUSR1)",
        'write(1,"parent: the child sent signal 30"...,33) = 33 (0x21)',
        f"wait4({pid},{{ EXITED,val=3 }},0x0,0x0) = {pid} ({pid:#x})",
        'write(1,"parent: the child exited with 3\\n",32) = 32 (0x20)',
        "exit(0)",
        "process exit, rval = 0",
    ]
    assert out.splitlines() == [
        f"child: hello from DragonFly, parent {own}",
        "parent: the child sent signal 30",
        "parent: the child exited with 3",
    ]


def test_truss_cannot_follow(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["truss", "-f", *EMULATE, HELLO]) == 1
    assert "does not report forks" in capfd.readouterr().err


def test_truss_wants_a_program_of_the_system(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["truss", *EMULATE, str(EXAMPLES / "programs" / "bin" / "hello")]) == 1
    assert "a program for freebsd" in capfd.readouterr().err
