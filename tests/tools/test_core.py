"""`bsdproc core`."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from struct import Struct

import pytest
from hypothesis import HealthCheck, given, settings
from tests.typed.corefile import Load, damaged, make
from tests.typed.corefile import Note as Row

from bsdproc import abi
from bsdproc.freebsd.constants import FileType, Note
from bsdproc.freebsd.ptrace.regset import Prstatus
from bsdproc.freebsd.registers import Amd64Registers, Powerpc64Registers
from bsdproc.netbsd.registers import SparcRegisters
from bsdproc.tools.main import main


def packed(system: str, machine: str, name: str, **values: int | bytes) -> bytes:
    return abi.target(system, machine).struct(name).pack(values)


def freebsd(machine: str = "amd64", path: bytes = b"/bin/name", drop: int = 0) -> bytes:
    """A process that died of a fault."""
    order = "<" if abi.target("freebsd", machine).byteorder == "little" else ">"
    registers = Amd64Registers() if machine == "amd64" else Powerpc64Registers()
    registers.pc, registers.sp = 0x1234, 0x8000
    lwp = bytearray(packed("freebsd", machine, "struct ptrace_lwpinfo", pl_lwpid=100100,
                           pl_event=1, pl_flags=0x20))
    abi.target("freebsd", machine).struct("struct ptrace_lwpinfo").put(
        lwp, "pl_siginfo", {"si_signo": 11, "si_code": 1, "si_addr": 0x44})

    def sized(size: int, data: bytes) -> bytes:
        return Struct(f"{order}i").pack(size) + data

    proc = packed("freebsd", machine, "struct kinfo_proc", ki_structsize=1088, ki_pid=77,
                  ki_ppid=1, ki_comm=b"name", ki_emul=b"FreeBSD ELF64", ki_ngroups=1)
    file = packed("freebsd", machine, "struct kinfo_file", kf_structsize=1392, kf_fd=3, kf_flags=1,
                  kf_type=FileType.KF_TYPE_VNODE, kf_offset=12, kf_path=b"/etc/motd")
    mapping = packed("freebsd", machine, "struct kinfo_vmentry", kve_structsize=1160,
                     kve_start=0x8000, kve_end=0x9000, kve_protection=3, kve_type=2,
                     kve_path=path)
    notes: list[Row] = [
        ("FreeBSD", Note.NT_PRPSINFO, packed(
            "freebsd", machine, "struct prpsinfo", pr_version=1, pr_fname=b"name",
            pr_psargs=b"name -x\x1b[2J", pr_pid=77)),
        ("FreeBSD", Note.NT_PRSTATUS, bytes(Prstatus(
            1, 1, registers.size, 8, 1400000, 11, 100100, registers))),
        ("FreeBSD", Note.NT_THRMISC, packed("freebsd", machine, "struct thrmisc",
                                            pr_tname=b"worker")),
        ("FreeBSD", Note.NT_PTLWPINFO, sized(len(lwp), bytes(lwp))),
        ("FreeBSD", Note.NT_PROCSTAT_PROC, sized(1088, proc)),
        ("FreeBSD", Note.NT_PROCSTAT_FILES, sized(1392, file)),
        ("FreeBSD", Note.NT_PROCSTAT_VMMAP, sized(1160, mapping)),
        ("FreeBSD", Note.NT_PROCSTAT_OSREL, sized(4, Struct(f"{order}i").pack(1400097))),
    ]
    return make("freebsd", machine, [one for one in notes if one[1] != drop],
                [Load(0x8000, b"stack", 0x1000)])


def netbsd() -> bytes:
    registers = SparcRegisters()
    registers.pc, registers.sp = 0x1230, 0x8000
    info = bytearray(packed("netbsd", "sparc", "struct netbsd_elfcore_procinfo", cpi_version=1,
                            cpi_cpisize=160, cpi_signo=11, cpi_sigcode=1, cpi_pid=70, cpi_nlwps=1,
                            cpi_siglwp=1))
    at = abi.target("netbsd", "sparc").struct("struct netbsd_elfcore_procinfo").field(
        "cpi_name").offset
    info[at : at + 4] = b"name"
    return make("netbsd", "sparc", [("NetBSD-CORE", 1, bytes(info)),
                                    ("NetBSD-CORE@1", 32, bytes(registers))],
                [Load(0x8000, b"stack", 0x1000)])


def shown(tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str],
          *options: str) -> tuple[int, str, str]:
    path = tmp_path / "a.core"
    path.write_bytes(data)
    status = main(["core", *options, str(path)])
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.mark.parametrize("machine", ["amd64", "powerpc64"])
def test_for_people(machine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for data in (freebsd(machine), gzip.compress(freebsd(machine))):
        status, out, err = shown(tmp_path, data, capsys)
        assert (status, err) == (0, "")
        for line in (rf"core of   freebsd/{machine}", r"process   77 \(name\): name -x\\x1b\[2J",
                     r"signal    SIGSEGV \(thread 100100\), SEGV_MAPERR at 0x44",
                     r"ABI       FreeBSD ELF64, built for 1400097",
                     r"100100 worker +0x1234 +0x8000 SIGSEGV SEGV_MAPERR at 0x44",
                     r"registers of 100100", r"0x8000 +0x9000 rw- +4096 +5 vnode /bin/name",
                     r"3 +vnode r-- +12 /etc/motd"):
            assert re.search(f"^{line}$", out, re.MULTILINE), (line, out)


def test_netbsd_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = shown(tmp_path, netbsd(), capsys)
    assert (status, err) == (0, "")
    for line in (r"core of   netbsd/sparc", r"process   70 \(name\)",
                 r"signal    SIGSEGV \(LWP 1\), SEGV_MAPERR", r"  1 - +0x1230 +0x8000",
                 r"0x8000 +0x9000 rw- +4096 +5"):
        assert re.search(f"^ *{line.strip()}$", out, re.MULTILINE), (line, out)


def test_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = shown(tmp_path, freebsd("powerpc64"), capsys, "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["system"], found["machine"], found["signal"]) == (
        "freebsd", "powerpc64", "SIGSEGV")
    assert found["prpsinfo"]["pid"] == 77
    assert found["threads"][0]["siginfo"]["addr"] == 0x44
    assert found["vmmap"][0]["path"] == "/bin/name"
    assert found["auxv"] is None
    assert found["segments"] == [{"address": 0x8000, "size": 0x1000, "filesz": 5, "flags": 6}]
    status, out, _ = shown(tmp_path, netbsd(), capsys, "--json")
    found = json.loads(out)
    assert found["procinfo"]["signo"] == "SIGSEGV"
    assert found["lwps"][0]["lwpid"] == 1
    assert found["lwps"][0]["status"] is None


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = shown(tmp_path, freebsd(drop=Note.NT_PROCSTAT_FILES), capsys)
    assert (status, err) == (0, "")
    assert "\nfiles\n(the core has no NT_PROCSTAT_FILES)\n" in out


def test_a_damaged_note_leaves_the_others(tmp_path: Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    data = freebsd().replace(Struct("<ii").pack(1160, 1160), Struct("<ii").pack(1160, 5000))
    status, out, err = shown(tmp_path, data, capsys)
    assert status == 1
    assert "registers of 100100" in out
    assert "/etc/motd" in out
    assert re.fullmatch(r"bsdproc core: memory maps: NT_PROCSTAT_VMMAP: .*\n", err)
    status, out, err = shown(tmp_path, data, capsys, "--json")
    assert status == 1
    assert json.loads(out)["vmmap"] is None
    assert json.loads(out)["files"][0]["path"] == "/etc/motd"
    assert re.fullmatch(r"bsdproc core: vmmap: NT_PROCSTAT_VMMAP: .*\n", err)


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["people", "programs"])
@settings(max_examples=100, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged(freebsd()) | damaged(netbsd()))
def test_damage_is_told_in_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                 options: list[str], data: bytes) -> None:
    status, out, err = shown(tmp_path, data, capsys, *options)
    assert status == (1 if err else 0)
    assert all(line.startswith("bsdproc core: ") for line in err.splitlines())
    assert "\x1b" not in out + err


def test_paths_that_are_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = shown(tmp_path, freebsd(path=b"/\xff\n/x"), capsys)
    assert status == 0
    assert r"/\udcff\n/x" in out
    assert shown(tmp_path, freebsd(path=b"/\xff"), capsys, "--json")[0] == 0


def test_what_is_no_core(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for data, why in ((b"", "no ELF file"), (freebsd()[:200], "the notes of"),
                      (make("freebsd", "amd64", []), "a core without notes"),
                      (make("freebsd", "amd64", [("LINUX", 1, b"")]), "only of LINUX")):
        status, out, err = shown(tmp_path, data, capsys)
        assert (status, out) == (1, "")
        assert re.fullmatch(rf"bsdproc core: .*a\.core: .*{why}.*\n", err)
    assert main(["core", str(tmp_path / "none")]) == 1
    assert "no such file" in capsys.readouterr().err
