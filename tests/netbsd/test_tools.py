"""The command line on the emulated NetBSD."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bsdproc.tools import main

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs" / "bin"
EMULATE = ("--emulate", "netbsd/amd64")
pytestmark = pytest.mark.emulated


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
        "__nanosleep50({ 0.020000000 },0x0) = 0 (0x0)",
        f"kill({parent},SIGUSR1) = 0 (0x0)",
        "exit(3)",
        "process exit, rval = 3",
    ]
    assert told[parent][1:6] == [
        "__sigaction_sigtramp(SIGUSR1,{ ADDR 0x0 ss_t={ } },0x0,ADDR,2) = 0 (0x0)",
        "__sigprocmask14(SIG_BLOCK,{ SIGUSR1 },{ }) = 0 (0x0)",
        f"fork() = {child} ({int(child):#x})",
        "__sigsuspend14({ }) ERR#4 EINTR 'interrupted system call'",
        f"SIGNAL 30 (SIGUSR1) code=SI_USER pid={child} uid=0",
    ]
    assert f"SIGNAL 20 (SIGCHLD) code=CLD_EXITED pid={child} uid=0" in told[parent]
    assert told[parent][-4].startswith(f"__wait450({child},{{ EXITED,val=3 }},0x0,0x0) = ")


def test_truss_of_a_fault(capfd: pytest.CaptureFixture[str]) -> None:
    assert traced(capfd, "faulty") == [
        "SIGNAL 11 (SIGSEGV) code=SEGV_MAPERR trapno=6 addr=0x0",
        "process killed, signal = 11 (SIGSEGV)",
    ]


def test_truss_wants_a_program_of_the_system(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["truss", *EMULATE, str(PROGRAMS / "hello")]) == 1
    assert "a program for freebsd" in capfd.readouterr().err


@pytest.mark.parametrize(("command", "why"), [
    (["reap"], "NetBSD has no reapers"),
    (["proccontrol", "-m", "aslr", "-q"], "NetBSD has no procctl(2)")],
    ids=lambda words: words[0] if isinstance(words, list) else "")
def test_what_others_have_alone(command: list[str], why: str,
                                capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main([*command, *EMULATE, str(PROGRAMS / "netbsd" / "hello")]) == 2
    assert capfd.readouterr().err == (
        f"bsdproc {command[0]}: it is for freebsd and dragonfly alone, not for netbsd/amd64: "
        f"{why}\n")


# -- procstat ---------------------------------------------------------------------------------


def shown(capfd: pytest.CaptureFixture[str], *words: str) -> list[dict[str, str]]:
    """What procstat says of it, by titles; the last column takes the rest of a line."""
    assert main.main(["procstat", *words]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    titles, *lines = out.splitlines()
    names = titles.split()
    return [dict(zip(names, line.split(None, len(names) - 1), strict=True)) for line in lines]


def test_procstat_of_a_program(capfd: pytest.CaptureFixture[str]) -> None:
    path = str(PROGRAMS / "netbsd" / "ticker")
    ticker = (*EMULATE, path)
    process, = shown(capfd, *ticker)
    assert (process["COMM"], process["STATE"], process["WCHAN"], process["EMUL"]) == (
        "ticker", "sleep", "nanslp", "netbsd")
    assert shown(capfd, "-b", *ticker)[0]["PATH"] == path
    assert shown(capfd, "-c", *ticker, "two", "words")[0]["ARGS"] == f"{path} two words"
    assert "PATH=" in shown(capfd, "-e", *ticker)[0]["ENVIRONMENT"]
    assert [one["FD"] for one in shown(capfd, "-f", *ticker)] == ["text", "cwd", "0", "1", "2"]
    signals = shown(capfd, "-i", *ticker)
    assert (signals[0]["SIG"], signals[14]["SIG"]) == ("SIGHUP", "SIGTERM")
    assert shown(capfd, "-l", *ticker)[0] == {
        "PID": process["PID"], "COMM": "ticker", "RLIMIT": "cpu", "SOFT": "infinity",
        "HARD": "infinity"}
    assert shown(capfd, "-s", *ticker)[0]["EUID"] == "0"
    assert shown(capfd, "-t", *ticker)[0]["TID"] == process["PID"]
    assert [one["PATH"] for one in shown(capfd, "-v", *ticker) if one["PRT"] == "r-x"] == [path]
    assert {"AT_PHDR", "AT_ENTRY"} <= {one["AUXV"] for one in shown(capfd, "-x", *ticker)}
    assert main.main(["procstat", "-r", *ticker]) == 0
    assert "maximum RSS" in capfd.readouterr().out


def test_procstat_of_all_processes(capfd: pytest.CaptureFixture[str]) -> None:
    names = [one["COMM"] for one in shown(capfd, "-a", *EMULATE)]
    assert names[:2] == ["system", "init"]
    assert len(names) == 3


def test_procstat_of_a_program_and_its_child(capfd: pytest.CaptureFixture[str]) -> None:
    hello = str(PROGRAMS / "netbsd" / "hello")
    assert main.main(["procstat", "-h", "--after", "0.001", *EMULATE, hello]) == 0
    parent, child = (line.split() for line in capfd.readouterr().out.splitlines()[-2:])
    assert parent[1] == child[1] == "hello"
    assert child[2] == parent[0]
