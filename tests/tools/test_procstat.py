"""bsdproc procstat: a started program, and processes of the kernel.

Under an emulated kernel the command starts the program; the host's own is asked about
one that runs already."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

import pytest

from bsdproc import abi, freebsd
from bsdproc import kernel as kernels
from bsdproc.kernel import Kernel
from bsdproc.tools.tables import freebsd as tables

from .conftest import ACTOR, EMULATE, NATIVE, Result, Run

Show = Callable[..., Result]


@pytest.fixture
def show(bsdproc: Run) -> Show:
    """show("-v", of="nap"): what the options show of actor with these words."""

    def of_emulated(*options: str, of: str) -> Result:
        return bsdproc("procstat", *options, *EMULATE, ACTOR, *of.split())

    def of_real(*options: str, of: str) -> Result:
        kernel = kernels.host()
        pid = kernel.spawn(ACTOR, [ACTOR, *of.split()])
        try:
            kernel.settle(0.3)
            return bsdproc("procstat", *options, str(pid))
        finally:
            with suppress(ProcessLookupError):
                kernel.kill(pid, freebsd.Signal.SIGKILL)
            freebsd.wait(pid, kernel=kernel)

    return of_real if NATIVE else of_emulated


def rows(text: str) -> list[dict[str, str]]:
    """A table by its titles; the last column takes the rest of a line."""
    titles, *lines = text.splitlines()
    names = titles.split()
    return [dict(zip(names, line.split(None, len(names) - 1), strict=False)) for line in lines]


def test_processes(show: Show) -> None:
    done = show(of="nappers")
    assert (done.status, done.err) == (0, "")
    one, = rows(done.out)
    assert (one["COMM"], one["THR"], one["STATE"], one["WCHAN"]) == (
        "actor", "2", "sleep", "nanslp")
    assert one["EMUL"] == "FreeBSD ELF64"


@pytest.mark.skipif(NATIVE, reason="the command starts programs under emulated kernels alone")
def test_a_program_and_what_it_leaves(bsdproc: Run) -> None:
    assert len(rows(bsdproc("procstat", *EMULATE, ACTOR, "brood", "3").out)) == 4


def test_memory_map(show: Show) -> None:
    found = rows(show("-v", of="nap").out)
    text = [one for one in found if one["PRT"] == "r-x" and one["TP"] == "vn"]
    assert len(text) == 1
    assert text[0]["PATH"] == ACTOR
    assert all(int(one["START"], 16) < int(one["END"], 16) for one in found)
    assert any("D" in one["FLAG"] for one in found)     # the stack grows down


def test_files(show: Show) -> None:
    found = {one["FD"]: one for one in rows(show("-f", of="nap").out)}
    assert {"text", "cwd", "root", "0", "1", "2"} <= set(found)
    assert found["text"]["NAME"] == ACTOR
    assert (found["cwd"]["V"], found["cwd"]["NAME"]) == (
        "d", os.getcwd() if NATIVE else "/")
    assert (found["cwd"]["REF"], found["cwd"]["OFFSET"]) == ("-", "-")      # no descriptor's
    assert found["0"]["REF"].isdecimal()


SOCKETS = (
    # domain, type, protocol; its own address and the peer's; what is shown
    (2, 1, 6, (b"\x10\2\x1f\x90\x7f\0\0\1", b"\x10\2\0\x50\xc0\0\2\1"),
     "TCP 127.0.0.1:8080 192.0.2.1:80"),
    (2, 2, 17, (b"\x10\2\0\x35\0\0\0\0", b"\x10\2\0\0\0\0\0\0"), "UDP *:53 *:0"),
    (28, 1, 6, (b"\x1c\x1c\0\x16\0\0\0\0" + bytes(15) + b"\1" + bytes(4), b""), "TCP [::1]:22"),
    (1, 1, 0, (b"\x0c\1/tmp/live\0", b""), "UDS /tmp/live"),
    (1, 2, 0, (b"\2\1", b"\2\1"), "UDD -"),
    (17, 3, 0, (b"", b""), "17/0 -"),
)


@pytest.mark.parametrize("socket", SOCKETS, ids=lambda one: one[-1])
def test_sockets_by_protocol_and_addresses(
        socket: tuple[int, int, int, tuple[bytes, bytes], str]) -> None:
    domain, kind, protocol, ends, shown = socket
    layout = abi.target("freebsd", "amd64").struct("struct kinfo_file")
    raw = bytearray(layout.pack({"kf_type": 2, "kf_fd": 5, "kf_ref_count": 1}))
    for name, value in (("domain0", domain), ("type0", kind), ("protocol0", protocol)):
        layout.put(raw, f"kf_un.kf_sock.kf_sock_{name}", value)
    for name, end in zip(("local", "peer"), ends, strict=True):
        at = layout.field(f"kf_un.kf_sock.kf_sa_{name}").offset
        raw[at : at + len(end)] = end
    row = tables._open_file(freebsd.kinfo.KinfoFile.of("amd64")(bytes(raw)))
    assert " ".join(map(str, row)) == f"5 s - -------- 1 0 {shown}"


def test_signals_without_a_name_are_shown_where_they_mean_something(kernel: Kernel) -> None:
    layout = abi.target("freebsd", "amd64").struct("struct kinfo_proc")
    raw = bytearray(layout.size)
    at = layout.field("ki_sigcatch").offset
    raw[at : at + 16] = (1 << 69).to_bytes(16, "little")
    rows = list(tables._signals(kernel, freebsd.kinfo.KinfoProc.of("amd64")(bytes(raw))))
    assert ("70", "-", "-", "C", "-") in rows
    assert "71" not in {row[0] for row in rows}


def test_arguments_and_the_rest(show: Show) -> None:
    assert rows(show("-c", of="nap x").out)[0][
        "ARGS"] == f"{ACTOR} nap x"
    assert rows(show("-b", of="nap").out)[0]["PATH"] == ACTOR
    assert "PATH=" in show("-e", of="nap").out
    credentials = rows(show("-s", of="nap").out)[0]
    assert credentials["EUID"] == "0"
    assert credentials["UMASK"] == "022" or NATIVE
    assert len(rows(show("-t", of="nappers").out)) == 2
    limits = {one["RLIMIT"]: one for one in rows(
        show("-l", of="nap").out)}
    assert NATIVE or limits["core"]["SOFT"] == "0"
    assert limits["cpu"]["HARD"] == "infinity"
    caught = [one["SIG"] for one in rows(
        show("-i", of="interrupted 1000000").out)
        if one["C"] == "C"]
    assert caught == ["SIGUSR1"]
    auxv = {one["AUXV"]: one["VALUE"] for one in rows(
        show("-x", of="nap").out)}
    assert auxv["AT_PAGESZ"] == "0x1000"
    assert "user time" in show("-r", of="nap").out


def test_without_titles_and_after_a_while(show: Show) -> None:
    done = show("-h", *(() if NATIVE else ("--after", "0")), of="nap")
    assert len(done.out.splitlines()) == 1
    assert "PID" not in done.out


def test_all_processes_of_the_kernel(bsdproc: Run) -> None:
    names = [one["COMM"] for one in rows(bsdproc("procstat", "-a", *EMULATE).out)]
    assert names[:2] == ["kernel", "init"] or (NATIVE and {"kernel", "init"} < set(names))
    assert any(name.startswith("python") for name in names)
    assert len(names) == 3 or NATIVE


def test_what_it_cannot_show(bsdproc: Run) -> None:
    for words, status in ((("-a", "1"), 2), ((), 2), (("-q", "1"), 2),
                          (("99998",) if NATIVE else (*EMULATE, "/no/such/program"), 1)):
        done = bsdproc("procstat", *words)
        assert done.status == status
        assert done.out == ""
        assert "Traceback" not in done.err
