"""The command line on the emulated NetBSD."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bsdproc.tools import main

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs" / "bin"
EMULATE = ("--emulate", "netbsd/amd64")


def traced(capfd: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The trace of a program, with addresses cut."""
    *options, name = words
    assert main.main(["truss", *options, *EMULATE, str(PROGRAMS / "netbsd" / name)]) == 0
    return re.sub(r"0x[0-9a-f]{6,}", "ADDR", capfd.readouterr().err).splitlines()


def test_truss_follows_children(capfd: pytest.CaptureFixture[str]) -> None:
    """Arguments as NetBSD's prototypes have them, and what the kernel says of signals."""
    lines = traced(capfd, "-f", "hello")
    parent, child = sorted({line.partition(":")[0] for line in lines})
    told = {pid: [line.partition(": ")[2] for line in lines if line.startswith(pid)]
            for pid in (parent, child)}
    assert told[child] == [
        "<new process>",
        'write(1,"child: hello from NetBSD, parent"...,37) = 37 (0x25)',
        "__nanosleep50(ADDR,0x0) = 0 (0x0)",
        f"kill({parent},SIGUSR1) = 0 (0x0)",
        "exit(3)",
        "process exit, rval = 3",
    ]
    assert told[parent][1:6] == [
        "__sigaction_sigtramp(SIGUSR1,ADDR,0x0,ADDR,2) = 0 (0x0)",
        "__sigprocmask14(1,{ SIGUSR1 },{ }) = 0 (0x0)",
        f"fork() = {child} ({int(child):#x})",
        "__sigsuspend14({ }) ERR#4 EINTR 'interrupted system call'",
        f"SIGNAL 30 (SIGUSR1) code=SI_USER pid={child} uid=0",
    ]
    assert f"SIGNAL 20 (SIGCHLD) code=CLD_EXITED pid={child} uid=0" in told[parent]
    assert told[parent][-4].startswith(f"__wait450({child},{{ EXITED,val=3 }},0,0x0) = ")


def test_truss_of_a_fault(capfd: pytest.CaptureFixture[str]) -> None:
    assert traced(capfd, "faulty") == [
        "SIGNAL 11 (SIGSEGV) code=SEGV_MAPERR trapno=6 addr=0x0",
        "process killed, signal = 11 (SIGSEGV)",
    ]


def test_truss_wants_a_program_of_the_system(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["truss", *EMULATE, str(PROGRAMS / "hello")]) == 1
    assert "a program for freebsd" in capfd.readouterr().err


@pytest.mark.parametrize("command", [
    ["procstat"], ["reap"], ["proccontrol", "-m", "aslr", "-q"]], ids=lambda words: words[0])
def test_what_is_freebsds_alone(command: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main([*command, *EMULATE, str(PROGRAMS / "netbsd" / "hello")]) == 2
    assert capfd.readouterr().err == (
        f"bsdproc {command[0]}: it is for freebsd alone, and netbsd/amd64 is none\n")
