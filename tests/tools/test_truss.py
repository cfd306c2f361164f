"""bsdproc truss, on real programs."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from .conftest import ACTOR, EMULATE, HELLO, NATIVE, Run


def plain(text: str) -> str:
    """Without the numbers that are others in each run."""
    return re.sub(r"0x[0-9a-f]{6,}", "ADDR", text)


def by_process(trace: str) -> list[list[str]]:
    """The lines of each process, without its id, in the order in which they began."""
    found: dict[str, list[str]] = {}
    for line in plain(trace).splitlines():
        pid, _, rest = line.partition(": ")
        found.setdefault(pid, []).append(rest)
    return list(found.values())


def test_the_quickstart(bsdproc: Run) -> None:
    """It forks a child, takes a signal, prints lines, waits and exits."""
    done = bsdproc("truss", "-f", *EMULATE, HELLO)
    assert done.status == 0
    parent_pid = done.out.split()[5]
    assert done.out.splitlines() == [
        f"child: hello from FreeBSD, parent {parent_pid}",
        "parent: the child sent signal 30",
        "parent: the child exited with 3",
    ]
    parent, child = by_process(done.err)
    child_pid = parent[3].split()[2]
    assert parent == [
        f"getpid() = {parent_pid} ({int(parent_pid):#x})",
        "sigaction(SIGUSR1,{ ADDR 0x0 ss_t={ } },0x0) = 0 (0x0)",
        "sigprocmask(SIG_BLOCK,{ SIGUSR1 },{ }) = 0 (0x0)",
        f"fork() = {child_pid} ({int(child_pid):#x})",
        f"SIGNAL 30 (SIGUSR1) code=SI_USER pid={child_pid} uid=0",
        "sigsuspend({ }) ERR#4 EINTR 'interrupted system call'",
        "sigreturn(ADDR) EJUSTRETURN",
        'write(1,"parent: the child sent signal 30"...,33) = 33 (0x21)',
        f"wait4({child_pid},{{ EXITED,val=3 }},0x0,0x0) = {child_pid} ({int(child_pid):#x})",
        'write(1,"parent: the child exited with 3\\n",32) = 32 (0x20)',
        "exit(0)",
        "process exit, rval = 0",
    ]
    size = len(done.out.splitlines()[0]) + 1
    assert child == [
        "<new process>",
        f'write(1,"child: hello from FreeBSD, paren"...,{size}) = {size} ({size:#x})',
        "nanosleep({ 0.020000000 },0x0) = 0 (0x0)",
        f"kill({parent_pid},SIGUSR1) = 0 (0x0)",
        "exit(3)",
        "process exit, rval = 3",
    ]


def test_without_following_there_is_one_process_and_no_prefix(bsdproc: Run) -> None:
    done = bsdproc("truss", *EMULATE, HELLO)
    assert done.status == 0
    assert "<new process>" not in done.err
    assert done.err.startswith("getpid() = ")
    assert done.err.endswith("process exit, rval = 0\n")


def test_the_trace_goes_to_a_file(bsdproc: Run, tmp_path: Path) -> None:
    done = bsdproc("truss", "-o", str(tmp_path / "trace"), *EMULATE, "--", HELLO)
    assert done.status == 0
    assert done.err == ""
    assert "process exit, rval = 0" in (tmp_path / "trace").read_text()


def test_strings_are_shown_as_far_as_is_asked_for(bsdproc: Run) -> None:
    assert 'write(1,"parent: the child sent signal 30\\n",33)' in bsdproc(
        "truss", "-s", "100", *EMULATE, HELLO).err
    assert 'write(1,"pa"...,33)' in bsdproc("truss", "-s", "2", *EMULATE, HELLO).err


def test_calls_are_counted(bsdproc: Run) -> None:
    done = bsdproc("truss", "-c", "-f", *EMULATE, HELLO)
    assert done.status == 0
    rows = {words[0]: words[1:] for words in map(str.split, done.err.splitlines()) if words}
    assert rows["syscall"] == ["seconds", "calls", "errors"]
    assert rows["write"][1:] == ["3", "0"]
    assert rows["sigsuspend"][1:] == ["1", "1"]
    assert float(rows["nanosleep"][0]) >= 0.02
    assert rows["SIGUSR1"] == ["1"]


def test_threads_by_their_ids(bsdproc: Run) -> None:
    done = bsdproc("truss", "-H", *EMULATE, ACTOR, "threads", "1")
    lines = [line.split(": ", 1) for line in done.err.splitlines()]
    assert len({lwp for lwp, _ in lines if lwp != "0"}) == 3
    text = [rest for _, rest in lines]
    assert text.count("<new thread>") == text.count("<thread exit>") == 2
    assert sum(rest.startswith("thr_exit(") for rest in text) == 2
    assert text[-1] == "process exit, rval = 2"


def test_a_signal_that_ends_it(bsdproc: Run) -> None:
    done = bsdproc("truss", *EMULATE, ACTOR, "signal", "15")
    assert done.status == 0
    pid = done.err.split()[2]
    assert done.err.splitlines()[-3:] == [
        f"kill({pid},SIGTERM) = 0 (0x0)", f"SIGNAL 15 (SIGTERM) code=SI_USER pid={pid} uid=0",
        "process killed, signal = 15 (SIGTERM)"]


def test_a_fault_and_its_address(bsdproc: Run) -> None:
    done = bsdproc("truss", *EMULATE, ACTOR, "fault")
    assert "SIGNAL 11 (SIGSEGV) code=SEGV_ACCERR trapno=12 addr=ADDR" in plain(done.err)
    assert "mprotect(ADDR,4096,PROT_READ|PROT_WRITE) = 0 (0x0)" in plain(done.err)
    assert "mmap(0x0,4096,PROT_READ,MAP_PRIVATE|MAP_ANON,-1,0x0) = ADDR" in plain(done.err)


def test_exec_and_vfork(bsdproc: Run) -> None:
    done = bsdproc("truss", "-f", *EMULATE, ACTOR, "vexec", ACTOR, "count", "3")
    parent, child = by_process(done.err)
    assert child == [
        "<new process>", f'execve("{ACTOR}",[ "{ACTOR[:32]}"..., "count", "3" ],ADDR) EJUSTRETURN',
        f"getpid() = {child[2].split()[2]} ({child[2].split()[3].strip('()')})", "exit(3)",
        "process exit, rval = 3"]
    assert any(line.startswith("vfork() = ") for line in parent)
    assert any("{ EXITED,val=3 }" in line for line in parent)


ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
"""What asks the command to end, and the status that this gives."""


@contextmanager
def coming(number: signal.Signals, seconds: float) -> Iterator[None]:
    """A signal to the test itself, some time from now."""
    def come(_: int, frame: FrameType | None) -> None:
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGALRM, come)
    # Not ignored, as whoever runs the tests in the background may have it.
    usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    found = signal.signal(number, usual)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(number, found)


@pytest.mark.skipif(not NATIVE, reason="-p is about processes of the host")
@pytest.mark.parametrize("number", ENDS)
def test_attaching_to_a_running_process(bsdproc: Run, number: signal.Signals) -> None:
    import subprocess

    with subprocess.Popen([ACTOR, "nap"]) as program:
        with coming(number, 2):
            done = bsdproc("truss", "-p", str(program.pid))
        assert done.status == ENDS[number]
        assert "nanosleep({ 0.005000000 },0x0) = 0 (0x0)" in done.err
        assert program.poll() is None
        program.kill()


@pytest.mark.parametrize("number", ENDS)
def test_ctrl_c_and_its_like_end_the_program_and_truss(
        bsdproc: Run, number: signal.Signals) -> None:
    with coming(number, 0.5):
        done = bsdproc("truss", "-c", *EMULATE, ACTOR, "spin")
    assert done.status == ENDS[number]
    assert done.err.startswith("syscall ")      # what there is to be counted is told
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


# -- what cannot be traced ------------------------------------------------------------
def one_line(text: str) -> str:
    """What stands behind the command's name, in one line and without a traceback."""
    line, = text.splitlines()
    assert line.startswith("bsdproc truss: ")
    return line.removeprefix("bsdproc truss: ")


def test_a_missing_program(bsdproc: Run) -> None:
    for name in ("/no/such/program", "no-such-program-anywhere"):
        done = bsdproc("truss", *EMULATE, name)
        assert (done.status, done.out) == (1, "")
        assert one_line(done.err).startswith(f"{name}: no")


@pytest.mark.parametrize(("cut", "reason"), [
    (3, "truncated"), (30, "truncated"), (100, "truncated"), (4200, "truncated")])
def test_a_truncated_program(bsdproc: Run, tmp_path: Path, cut: int, reason: str) -> None:
    short = tmp_path / "short"
    short.write_bytes(Path(HELLO).read_bytes()[:cut])
    short.chmod(0o755)
    done = bsdproc("truss", *EMULATE, str(short))
    if NATIVE and done.status == 0:     # the zeros behind its end will do for that kernel
        assert "process killed, signal = 11" in done.err
        return
    assert done.status == 1
    assert reason in one_line(done.err)


def changed(tmp_path: Path, at: int, value: bytes) -> str:
    """hello with other bytes somewhere."""
    data = bytearray(Path(HELLO).read_bytes())
    data[at : at + len(value)] = value
    other = tmp_path / "other"
    other.write_bytes(data)
    other.chmod(0o755)
    return str(other)


def test_a_program_for_another_machine(bsdproc: Run, tmp_path: Path) -> None:
    done = bsdproc("truss", *EMULATE, changed(tmp_path, 18, b"\xb7\0"))
    assert done.status == 1
    assert "a program for arm64 (64 bits), not for freebsd/amd64" in one_line(done.err)


def test_a_program_for_another_system(bsdproc: Run, tmp_path: Path) -> None:
    data = Path(HELLO).read_bytes()
    note = data.index(b"FreeBSD\0")
    path = changed(tmp_path, note, b"NetBSD\0\0")
    done = bsdproc("truss", *EMULATE, path)
    if NATIVE and done.status == 0:
        return      # the brand in the header is enough for that kernel
    assert done.status == 1
    assert "netbsd" in one_line(done.err)


@pytest.mark.skipif(sys.platform != "linux" or NATIVE, reason="of Linux programs")
def test_the_hosts_own_program(bsdproc: Run) -> None:
    done = bsdproc("truss", *EMULATE, sys.executable)
    assert done.status == 1
    assert "not for freebsd/amd64" in one_line(done.err) or "dynamically" in done.err


def test_what_is_no_program(bsdproc: Run, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello\n" * 10)
    text.chmod(0o755)
    done = bsdproc("truss", *EMULATE, str(text))
    assert done.status == 1
    assert "no ELF program" in one_line(done.err)
    text.write_bytes(Path(HELLO).read_bytes())
    text.chmod(0o644)
    done = bsdproc("truss", *EMULATE, str(text))
    assert done.status == 1
    one_line(done.err)
    assert bsdproc("truss", *EMULATE, str(tmp_path)).status == 1


@pytest.mark.skipif(NATIVE, reason="there is a kernel")
def test_no_bsd_and_no_emulator(bsdproc: Run) -> None:
    done = bsdproc("truss", HELLO)
    assert done.status == 2
    assert "--emulate freebsd/amd64" in one_line(done.err)
    assert bsdproc("truss", "-p", "1").status == 2


def test_an_unknown_machine(bsdproc: Run) -> None:
    for machine in ("freebsd/vax", "plan9/amd64", "amd64", ""):
        done = bsdproc("truss", "--emulate", machine, HELLO)
        assert done.status == 2
        assert "freebsd/amd64" in one_line(done.err)


def test_a_wrong_command_line(bsdproc: Run) -> None:
    for words in ((), ("-p", "x"), ("-p", "1", HELLO), ("-s", "-1", HELLO), ("-Z", HELLO),
                  ("-p", "-4"), ("-p", "5", "--emulate", "freebsd/amd64")):
        done = bsdproc("truss", *words)
        assert done.status == 2
        assert done.out == ""
        assert "Traceback" not in done.err


def test_an_output_file_that_cannot_be_written(bsdproc: Run) -> None:
    done = bsdproc("truss", "-o", "/no/such/folder/trace", *EMULATE, HELLO)
    assert done.status == 1
    assert one_line(done.err).startswith("/no/such/folder/trace: ")


@pytest.mark.skipif(NATIVE, reason="a real process waits for ever")
def test_a_program_that_waits_for_nothing(bsdproc: Run) -> None:
    """Under an emulated kernel that is known, and said."""
    done = bsdproc("truss", *EMULATE, ACTOR, "stuck")
    assert done.status == 1
    assert "would never end" in done.err.splitlines()[-1]
