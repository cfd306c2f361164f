"""The command line on the emulated DragonFly, as far as it goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bsdproc.tools import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HELLO = str(EXAMPLES / "programs" / "bin" / "dragonfly" / "hello")
TESTS = Path(__file__).resolve().parents[1]
ACT = str(TESTS / "emulator" / "dragonfly" / "programs" / "bin" / "act")
TICKER = str(EXAMPLES / "programs" / "bin" / "dragonfly" / "ticker")
EMULATE = ("--emulate", "dragonfly/x86_64")
pytestmark = pytest.mark.emulated


def test_truss(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["truss", *EMULATE, HELLO]) == 0
    out, err = capfd.readouterr()
    child = re.search(r"fork\(\) = (\d+)", err)
    assert child is not None
    pid = int(child[1])
    own = err.split()[2]
    assert re.sub(r"0x[0-9a-f]{6,}", "ADDR", err).splitlines() == [
        f"getpid() = {own} ({int(own):#x})",
        "sigaction(SIGUSR1,{ ADDR 0x0 ss_t={ } },0x0) = 0 (0x0)",
        "sigprocmask(SIG_BLOCK,{ SIGUSR1 },{ }) = 0 (0x0)",
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


# -- procstat ---------------------------------------------------------------------------------


def shown(capfd: pytest.CaptureFixture[str], *words: str) -> list[dict[str, str]]:
    """What procstat says, by titles; the last column takes the rest of a line."""
    assert main.main(["procstat", *words]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    titles, *lines = out.splitlines()
    names = titles.split()
    return [dict(zip(names, line.split(None, len(names) - 1), strict=True)) for line in lines]


def test_procstat_of_a_program(capfd: pytest.CaptureFixture[str]) -> None:
    ticker = (*EMULATE, TICKER)
    process, = shown(capfd, *ticker)
    assert (process["COMM"], process["STATE"], process["WCHAN"], process["EMUL"]) == (
        "ticker", "sleep", "nanslp", "DragonFly ELF64")
    assert shown(capfd, "-b", *ticker)[0]["PATH"] == TICKER
    assert shown(capfd, "-c", *ticker, "two", "words")[0]["ARGS"] == f"{TICKER} two words"
    assert [one["FD"] for one in shown(capfd, "-f", *ticker)] == ["text", "cwd", "0", "1", "2"]
    signals = shown(capfd, "-i", *ticker)
    assert (signals[0]["SIG"], signals[14]["SIG"]) == ("SIGHUP", "SIGTERM")
    limits = {one["RLIMIT"]: one["SOFT"] for one in shown(capfd, "-l", *ticker)}
    assert (limits["cpu"], limits["core"]) == ("infinity", "0")
    assert shown(capfd, "-s", *ticker)[0]["EUID"] == "0"
    assert shown(capfd, "-t", *ticker)[0]["TID"] == "1"
    mapped = shown(capfd, "-v", *ticker)
    assert [one["PATH"] for one in mapped if (one["PRT"], one["TP"]) == ("r-x", "vn")] == [TICKER]
    assert main.main(["procstat", "-r", *ticker]) == 0
    assert "maximum RSS" in capfd.readouterr().out


def test_procstat_of_threads_and_orphans(capfd: pytest.CaptureFixture[str]) -> None:
    threads = shown(capfd, "-t", *EMULATE, ACT, "lwp", "rest", "end", "rest")
    assert [one["TID"] for one in threads] == ["1", "2"]
    zombie, orphan = shown(capfd, *EMULATE, ACT, "fork", "rest", "end", "exit 2")
    assert (zombie["STATE"], orphan["STATE"], orphan["PPID"]) == ("zomb", "sleep", "1")


def test_procstat_of_all_processes(capfd: pytest.CaptureFixture[str]) -> None:
    """The kernel's own threads are no processes."""
    names = [one["COMM"] for one in shown(capfd, "-a", *EMULATE)]
    assert names[:2] == ["swapper", "init"]
    assert len(names) == 3
    for option in "bcfilrst":
        assert main.main(["procstat", f"-{option}", "-a", *EMULATE]) == 0


@pytest.mark.parametrize(("option", "what"), [("-e", "environments"), ("-x", "auxiliary vectors")])
def test_procstat_says_what_there_is_not(capfd: pytest.CaptureFixture[str], option: str,
                                         what: str) -> None:
    assert main.main(["procstat", option, *EMULATE, TICKER]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.endswith(f"has neither a sysctl nor a node of procfs for {what}\n")


# -- reap, proccontrol --------------------------------------------------------------------------


def test_reap(capfd: pytest.CaptureFixture[str]) -> None:
    brood = ("fork", "rest", "end", "fork", "ignore 15", "rest", "end")
    assert main.main(["reap", "-v", *EMULATE, ACT, *brood, "sleep 5", "exit 3"]) == 3
    assert capfd.readouterr().err.count("(act) is left") == 2
    assert main.main(["reap", "-v", "-s", "TERM", "-t", "0.05", *EMULATE, ACT, *brood, "sleep 5",
                      "kill 1"]) == 129
    err = capfd.readouterr().err
    assert err.count("is left") == 2
    assert "after 0.05 seconds there are still" in err
    assert main.main(["reap", "-s", "NONSENSE", *EMULATE, ACT]) == 2


def test_a_command_below_a_reaper(capfd: pytest.CaptureFixture[str]) -> None:
    reaper = ["proccontrol", "-m", "reaper"]
    words = ("fork", "rest", "end", "exit 3")
    assert main.main([*reaper, "-q", *EMULATE, ACT, *words]) == 0
    assert re.fullmatch(r"a reaper of 1, the newest child \d+\n", capfd.readouterr().out)
    assert main.main([*reaper, "-q", *EMULATE, ACT, "exit 3"]) == 0
    assert capfd.readouterr().out == "a reaper of 0\n"
    assert main.main([*reaper, "-s", "enable", *EMULATE, ACT, *words]) == 3


@pytest.mark.parametrize(("mode", "way", "why"), [
    ("reaper", ["-s", "disable"], "cannot be disabled"),
    ("pdeathsig", ["-q"], "set_pdeathsig"), ("aslr", ["-q"], "has reaper alone")])
def test_what_proccontrol_cannot_do(capfd: pytest.CaptureFixture[str], mode: str,
                                    way: list[str], why: str) -> None:
    assert main.main(["proccontrol", "-m", mode, *way, *EMULATE, ACT]) == 2
    assert why in capfd.readouterr().err
    assert main.main(["proccontrol", "-m", "reaper", "-q", "--emulate", "freebsd/amd64", ACT]) == 2
