"""The program that the cases are played with, built anew, does the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bsdproc import emulator
from bsdproc.freebsd import Exited, Siginfo, Signal, Stopped, ptrace, wait
from bsdproc.freebsd.constants import LwpFlags

HERE = Path(__file__).resolve().parent / "programs"
WORDS = (
    "trace-me", "stop", "catch 30", "raise 30", "caught 30 1", "fork", "exit 2", "end", "wait 2",
    "vfork", "exit 3", "end", "wait 3", "pdfork", "exit 4", "end", "wait 4",
    "thread", "raise-here 30", "end", "join", "await 30 2", "int3", "badclose", "exit 5",
)
"""A bit of everything."""


def story(program: bytes) -> list[object]:
    """What a debugger sees of those words, without addresses."""
    with emulator.FreeBSD() as kernel:
        kernel.install("/act", program)
        pid = kernel.spawn("/act", ["act", *WORDS], {})
        told: list[object] = []
        while isinstance(status := wait(pid), Stopped):
            info = ptrace.lwpinfo(pid)
            siginfo = info.siginfo if LwpFlags.PL_FLAG_SI in info.flags else None
            told.append((status.signal, info.flags, info.syscall_code, _said(siginfo)))
            if status.signal == Signal.SIGSTOP:
                ptrace.syscall(pid)
            else:
                ptrace.cont(pid, 0 if status.signal == Signal.SIGTRAP else int(status.signal))
        assert isinstance(status, Exited)
        return [*told, status]


def _said(siginfo: Siginfo | None) -> tuple[int, int] | None:
    return None if siginfo is None else (int(siginfo.signo), int(siginfo.code))


@pytest.mark.toolchain
def test_a_rebuilt_program_behaves_the_same(tmp_path: Path) -> None:
    zig = f"{sys.executable} -m ziglang"
    subprocess.run(
        ["sh", str(HERE / "build.sh"), str(tmp_path)], check=True,
        env={**os.environ, "CC": f"{zig} cc", "LD": f"{zig} ld.lld"})
    shipped = story((HERE / "bin" / "act").read_bytes())
    assert shipped == story((tmp_path / "act").read_bytes())
    assert shipped[-1] == Exited(702, 5, 5 << 8)
    assert len(shipped) > len(WORDS)
