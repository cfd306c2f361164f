"""The command line and the examples on the emulated DragonFly, as far as it goes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bsdproc.tools import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HELLO = str(EXAMPLES / "programs" / "bin" / "dragonfly" / "hello")
EMULATE = ("--emulate", "dragonfly/x86_64")
SHOWN = {
    "attach.py": [r"thread 1 \(ticker\) at 0x[0-9a-f]+", r"it has ticked \d+ times",
                  r"Exited\(pid=\d+, status=0, raw=0\)"],
    "breakpoints.py": [r"<Signal.SIGUSR1: 30> from None", r"handler\(30, .*", "exited with 0"],
    "fault_report.py": [r"<Signal.SIGSEGV: 11> at address 0x0",
                        r"  0x[0-9a-f]+ value_of\+0x[0-9a-f]+",
                        r"  0x[0-9a-f]+ third\+0x[0-9a-f]+", r"killed by <Signal.SIGSEGV: 11>"],
    "memory_map.py": [r"stands at 0x[0-9a-f]+, its stack at 0x[0-9a-f]+",
                      r" +0x[0-9a-f]+ +0x[0-9a-f]+ r-x +4 KiB /.*/hello"],
    "syscalls.py": [r"process \d+ exits with 0", r"write +2 +0 failed", r"sigsuspend +1 +1 failed"],
    "watch.py": [r"greetings is 1, written before greet\+0x[0-9a-f]+",
                 r"greetings is 2, written before greet\+0x[0-9a-f]+", "exited with 0"],
}


@pytest.mark.parametrize("script", SHOWN)
def test_an_example_shows(script: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), "--emulate=dragonfly"], capture_output=True,
        text=True, check=False, timeout=120, cwd=tmp_path)
    assert done.stderr == ""
    assert done.returncode == 0
    lines = iter(done.stdout.splitlines())
    for pattern in SHOWN[script]:
        assert any(re.fullmatch(pattern, line) for line in lines), (pattern, done.stdout)


def test_the_others_are_said_to_be_missing() -> None:
    """run_all names each example that the system has nothing for."""
    text = (EXAMPLES / "run_all.py").read_text()
    for path in EXAMPLES.glob("*.py"):
        if not path.name.startswith("_") and path.name not in {*SHOWN, "run_all.py"}:
            assert f'"{path.name}": "its ' in text


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
