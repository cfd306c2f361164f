"""bsdproc procstat: a started program, and processes of the kernel."""

from __future__ import annotations

import pytest

from .conftest import ACTOR, EMULATE, NATIVE, Run

pytestmark = pytest.mark.skipif(NATIVE, reason="the started program is the emulated kernel's")


def rows(text: str) -> list[dict[str, str]]:
    """A table by its titles; the last column takes the rest of a line."""
    titles, *lines = text.splitlines()
    names = titles.split()
    return [dict(zip(names, line.split(None, len(names) - 1), strict=False)) for line in lines]


def test_processes(bsdproc: Run) -> None:
    done = bsdproc("procstat", *EMULATE, ACTOR, "nappers")
    assert (done.status, done.err) == (0, "")
    one, = rows(done.out)
    assert (one["COMM"], one["THR"], one["STATE"], one["WCHAN"]) == (
        "actor", "2", "sleep", "nanslp")
    assert one["EMUL"] == "FreeBSD ELF64"


def test_a_program_and_what_it_leaves(bsdproc: Run) -> None:
    assert len(rows(bsdproc("procstat", *EMULATE, ACTOR, "brood", "3").out)) == 4


def test_memory_map(bsdproc: Run) -> None:
    found = rows(bsdproc("procstat", "-v", *EMULATE, ACTOR, "nap").out)
    text = [one for one in found if one["PRT"] == "r-x" and one["TP"] == "vn"]
    assert len(text) == 1
    assert text[0]["PATH"] == ACTOR
    assert all(int(one["START"], 16) < int(one["END"], 16) for one in found)
    assert any("D" in one["FLAG"] for one in found)     # the stack grows down


def test_files(bsdproc: Run) -> None:
    found = {one["FD"]: one for one in rows(bsdproc("procstat", "-f", *EMULATE, ACTOR, "nap").out)}
    assert set(found) == {"text", "cwd", "root", "0", "1", "2"}
    assert found["text"]["NAME"] == ACTOR
    assert (found["cwd"]["V"], found["cwd"]["NAME"]) == ("d", "/")


def test_arguments_and_the_rest(bsdproc: Run) -> None:
    assert rows(bsdproc("procstat", "-c", *EMULATE, ACTOR, "nap", "x").out)[0][
        "ARGS"] == f"{ACTOR} nap x"
    assert rows(bsdproc("procstat", "-b", *EMULATE, ACTOR, "nap").out)[0]["PATH"] == ACTOR
    assert "PATH=" in bsdproc("procstat", "-e", *EMULATE, ACTOR, "nap").out
    assert rows(bsdproc("procstat", "-s", *EMULATE, ACTOR, "nap").out)[0]["EUID"] == "0"
    assert len(rows(bsdproc("procstat", "-t", *EMULATE, ACTOR, "nappers").out)) == 2
    limits = {one["RLIMIT"]: one for one in rows(
        bsdproc("procstat", "-l", *EMULATE, ACTOR, "nap").out)}
    assert limits["core"]["SOFT"] == "0"
    assert limits["cpu"]["HARD"] == "infinity"
    caught = [one["SIG"] for one in rows(
        bsdproc("procstat", "-i", *EMULATE, ACTOR, "interrupted", "1000000").out)
        if one["C"] == "C"]
    assert caught == ["SIGUSR1"]
    auxv = {one["AUXV"]: one["VALUE"] for one in rows(
        bsdproc("procstat", "-x", *EMULATE, ACTOR, "nap").out)}
    assert auxv["AT_PAGESZ"] == "0x1000"
    assert "user time" in bsdproc("procstat", "-r", *EMULATE, ACTOR, "nap").out


def test_without_titles_and_after_a_while(bsdproc: Run) -> None:
    done = bsdproc("procstat", "-h", *EMULATE, "--after", "0", ACTOR, "nap")
    assert len(done.out.splitlines()) == 1
    assert "PID" not in done.out


def test_all_processes_of_the_kernel(bsdproc: Run) -> None:
    names = [one["COMM"] for one in rows(bsdproc("procstat", "-a", *EMULATE).out)]
    assert names == ["kernel", "init", "python"]


def test_what_it_cannot_show(bsdproc: Run) -> None:
    for words, status in ((("-a", "1"), 2), ((), 2), (("-q", "1"), 2),
                          ((*EMULATE, "/no/such/program"), 1)):
        done = bsdproc("procstat", *words)
        assert done.status == status
        assert done.out == ""
        assert "Traceback" not in done.err
