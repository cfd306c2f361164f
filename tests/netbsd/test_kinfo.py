"""The sysctls of processes: what is asked for, and the tables that come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bsdproc import abi
from bsdproc.kernel.errors import KernelError, TooOld
from bsdproc.netbsd import kinfo
from bsdproc.netbsd.constants import (
    FileType,
    Limit,
    LwpState,
    PaxFlags,
    ProcFlags,
    ProcState,
    Signal,
    TtyFilter,
    VmProtection,
    VmType,
    VnodeType,
)
from bsdproc.netbsd.kinfo import KinfoFile, KinfoLwp, KinfoProc, KinfoVmentry, Malformed, Rlimit

MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]
Make = Callable[..., Any]


def table(one: Any, name: str, rows: list[dict[str, Any]], *mib: int, probe: int | None = None,
          counted: bool = True) -> None:
    """Answer a size probe, and then each fetch into however much room there is."""
    layout = one.script.target.struct(name)
    data = b"".join(layout.pack(row) for row in rows)
    before = one.script.sysctls

    class Answers(dict[Any, Any]):
        def get(self, key: Any, default: Any = None) -> Any:
            if isinstance(key, tuple) and key[: len(mib)] == mib:
                rest = key[len(mib):]
                if rest == ((layout.size, 0) if counted else (layout.size,)) and (
                        one.script.calls[-1].arguments[2] is None):
                    return bytes(len(data) if probe is None else probe)
                if rest[0] == layout.size:
                    return data[: rest[1] * layout.size] if counted else data
            return before.get(key, default)

    one.script.sysctls = Answers()


@pytest.mark.parametrize("machine", MACHINES)
def test_a_list_of_processes_has_typed_fields(machine: str, scripted: Make) -> None:
    one = scripted(machine)
    table(one, "struct kinfo_proc2", [
        {"p_pid": 1, "p_ppid": 0, "p_comm": b"init", "p_realstat": 2, "p_stat": 3},
        {"p_pid": 7, "p_ppid": 1, "p_comm": b"sh", "p_flag": 0x4802, "p_uid": 1000,
         "p_groups": (1, 2, 3, *[0] * 13), "p_ngroups": 2, "p_siglist": {"__bits": (2, 0, 0, 0)},
         "p_ustart_sec": 10, "p_ustart_usec": 500_000, "p_nlwps": 3, "p_realstat": 5},
    ], 1, 47, 0, 0)
    init, shell = kinfo.processes(kernel=one.kernel)
    assert (init.pid, init.comm, init.realstat) == (1, "init", ProcState.SACTIVE)
    assert init.stat is LwpState.LSSLEEP
    assert shell.flag == ProcFlags.P_EXEC | ProcFlags.P_TRACED | ProcFlags.P_CONTROLT
    assert shell.groups == (1, 2)
    assert shell.siglist == {Signal.SIGINT}
    assert shell.start == 10.5
    assert shell.nlwps == 3
    assert repr(shell) == "KinfoProc(pid=7, comm='sh', realstat=<ProcState.SZOMB: 5>)"


FILTERS: list[tuple[dict[str, int], int, int]] = [
    ({"pgrp": 5}, 2, 5), ({"session": 5}, 3, 5), ({"tty": 0x800}, 4, 0x800), ({"uid": 0}, 5, 0),
    ({"ruid": 1000}, 6, 1000), ({"gid": 3}, 7, 3), ({"rgid": 3}, 8, 3),
    ({"tty": TtyFilter.KERN_PROC_TTY_NODEV}, 4, -1),
    ({"tty": TtyFilter.KERN_PROC_TTY_REVOKE}, 4, -2),
]


@pytest.mark.parametrize(("given", "name", "value"), FILTERS)
def test_each_filter_has_a_number_of_its_own(given: dict[str, Any], name: int, value: int,
                                             scripted: Make) -> None:
    one = scripted()
    table(one, "struct kinfo_proc2", [{"p_pid": 3}], 1, 47, name, value)
    assert [found.pid for found in kinfo.processes(**given, kernel=one.kernel)] == [3]


def test_two_filters_are_refused(scripted: Make) -> None:
    with pytest.raises(ValueError, match="one filter"):
        kinfo.processes(uid=1, gid=1, kernel=scripted().kernel)


def test_a_table_that_grew_is_fetched_again(scripted: Make) -> None:
    """The kernel calls it a success to leave records out."""
    one = scripted()
    table(one, "struct kinfo_proc2", [{"p_pid": pid} for pid in range(1, 100)], 1, 47, 0, 0,
          probe=0)
    assert [found.pid for found in kinfo.processes(kernel=one.kernel)] == list(range(1, 100))
    rooms = [call.arguments[2] for call in one.script.calls if call.arguments[2]]
    assert len(rooms) == 4      # 16, 32, 64, 128 places: until some are left
    assert rooms == sorted(rooms)


def test_a_process_that_is_not_there_is_a_lookup_error(scripted: Make) -> None:
    one = scripted()
    table(one, "struct kinfo_proc2", [{"p_pid": 7}], 1, 47, 1, 7)
    table(one, "struct kinfo_proc2", [], 1, 47, 1, 8)
    table(one, "struct kinfo_proc2", [{"p_pid": 100}], 1, 47, 1, 100)
    assert kinfo.process(7, kernel=one.kernel).pid == 7
    assert kinfo.process(kernel=one.kernel).pid == 100
    with pytest.raises(ProcessLookupError):
        kinfo.process(8, kernel=one.kernel)


def test_lwps_of_one_process_and_of_all(scripted: Make) -> None:
    one = scripted("sparc64")
    table(one, "struct kinfo_lwp", [
        {"l_lid": 1, "l_stat": 7, "l_pid": 7, "l_name": b"main", "l_rtime_sec": 2,
         "l_rtime_usec": 250_000},
        {"l_lid": 2, "l_stat": 8},
    ], 1, 64, 7)
    first, second = kinfo.lwps(7, kernel=one.kernel)
    assert (first.lid, first.stat, first.name, first.rtime) == (1, LwpState.LSONPROC, "main", 2.25)
    assert second.stat is LwpState.LSSUSPENDED
    table(one, "struct kinfo_lwp", [{"l_lid": 1}], 1, 64, -1)
    assert len(kinfo.all_lwps(kernel=one.kernel)) == 1


def test_files_of_one_process_and_of_all(scripted: Make) -> None:
    one = scripted()
    table(one, "struct kinfo_file", [
        {"ki_ftype": 1, "ki_vtype": 1, "ki_fd": 3, "ki_pid": 7, "ki_foffset": 100},
        {"ki_ftype": 4, "ki_fd": 4},
        {"ki_ftype": 99},
    ], 1, 77, 2, 7)
    file, queue, other = kinfo.files(7, kernel=one.kernel)
    assert (file.type, file.vtype, file.fd, file.offset) == (
        FileType.DTYPE_VNODE, VnodeType.VREG, 3, 100)
    assert queue.type is FileType.DTYPE_KQUEUE
    assert other.type == 99
    table(one, "struct kinfo_file", [], 1, 77, 1, 0)
    assert kinfo.all_files(kernel=one.kernel) == []


def test_a_mapping_knows_the_addresses_in_it(scripted: Make) -> None:
    one = scripted("mipseb")
    table(one, "struct kinfo_vmentry", [
        {"kve_start": 0x400000, "kve_end": 0x402000, "kve_type": 2, "kve_protection": 5,
         "kve_path": b"/bin/sh"},
    ], 2, 16, 1, 7, counted=False)
    (found,) = kinfo.vmmap(7, kernel=one.kernel)
    assert found.type is VmType.KVME_TYPE_VNODE
    assert found.protection == VmProtection.KVME_PROT_READ | VmProtection.KVME_PROT_EXEC
    assert (found.path, found.size) == ("/bin/sh", 0x2000)
    assert 0x401000 in found
    assert 0x402000 not in found


# -- arguments ------------------------------------------------------------------------------


def test_arguments_and_paths_are_decoded(scripted: Make) -> None:
    one = scripted("sparc")
    one.script.sysctls |= {
        (1, 48, 7, 1): b"sh\0-c\0\0", (1, 48, 7, 2): (3).to_bytes(4, "big"),
        (1, 48, 7, 3): b"A=1\0", (1, 48, 7, 4): (1).to_bytes(4, "big"),
        (1, 48, 7, 5): b"/bin/sh\0", (1, 48, 7, 6): b"/tmp\0", (1, 48, 100, 1): b"",
    }
    kernel = one.kernel
    assert kinfo.argv(7, kernel=kernel) == ("sh", "-c", "")
    assert kinfo.nargv(7, kernel=kernel) == 3
    assert kinfo.env(7, kernel=kernel) == ("A=1",)
    assert kinfo.nenv(7, kernel=kernel) == 1
    assert kinfo.pathname(7, kernel=kernel) == "/bin/sh"
    assert kinfo.cwd(7, kernel=kernel) == "/tmp"
    assert kinfo.argv(kernel=kernel) == ()


def test_arguments_that_are_refused_have_a_reason(scripted: Make) -> None:
    one = scripted()
    one.processes({"p_pid": 7, "p_flag": 0x200})
    one.script.sysctls |= {(1, 48, 7, 1): "EINVAL", (1, 48, 8, 1): "EINVAL"}
    with pytest.raises(KernelError, match="it is a kernel process") as caught:
        kinfo.argv(7, kernel=one.kernel)
    assert (caught.value.request, caught.value.target) == ("KERN_PROC_ARGV", 7)
    with pytest.raises(KernelError, match="no process with this id"):
        kinfo.argv(8, kernel=one.kernel)
    one.script.version = 700000000
    with pytest.raises(TooOld, match=r"NetBSD 8\.0"):
        kinfo.pathname(7, kernel=one.kernel)


@pytest.mark.parametrize("data", [b"x", b"\0" * 5, b""])
def test_a_count_of_another_size(data: bytes, scripted: Make) -> None:
    one = scripted()
    one.script.sysctls[1, 48, 7, 2] = data
    with pytest.raises(Malformed):
        kinfo.nargv(7, kernel=one.kernel)


def test_arguments_without_an_end(scripted: Make) -> None:
    one = scripted()
    one.script.sysctls[1, 48, 7, 1] = b"sh\0-c"
    with pytest.raises(Malformed):
        kinfo.argv(7, kernel=one.kernel)


# -- proc.PID ---------------------------------------------------------------------------------


def test_what_proc_pid_sets_is_read_back(scripted: Make) -> None:
    one = scripted()
    one.script.sysctls |= {
        (10, 7, 1): b"%n.core\0", (10, 7, 3): b"\1\0\0\0", (10, 7, 4): b"\0\0\0\0",
        (10, 7, 5): b"\0\0\0\0", (10, 7, 6): b"\5\0\0\0",
        (10, 7, 2, 9, 1): (128).to_bytes(8, "little"),
        (10, 7, 2, 9, 2): (0x7FFFFFFFFFFFFFFF).to_bytes(8, "little"),
    }
    kernel = one.kernel
    assert kinfo.corename(7, kernel=kernel) == "%n.core"
    assert kinfo.stopfork(7, kernel=kernel) is True
    assert kinfo.stopexec(7, kernel=kernel) is False
    assert kinfo.stopexit(7, kernel=kernel) is False
    assert kinfo.paxflags(7, kernel=kernel) == (
        PaxFlags.CTL_PROC_PAXFLAGS_ASLR | PaxFlags.CTL_PROC_PAXFLAGS_GUARD)
    assert kinfo.rlimit(7, Limit.RLIMIT_NOFILE, kernel=kernel) == Rlimit(128, None)
    one.script.calls.clear()
    kinfo.set_corename(7, "/cores/%p.core", kernel=kernel)
    kinfo.set_stopfork(7, False, kernel=kernel)
    kinfo.set_stopexec(7, True, kernel=kernel)
    kinfo.set_stopexit(7, True, kernel=kernel)
    assert [(call.arguments[0][2], call.arguments[1]) for call in one.script.calls] == [
        (1, b"/cores/%p.core\0"), (3, b"\0\0\0\0"), (4, b"\1\0\0\0"), (5, b"\1\0\0\0")]


@pytest.mark.parametrize(("limit", "order"), [
    (Rlimit(50, 60), [1, 2]),       # the soft bound first, then the hard one down to it
    (Rlimit(500, 600), [2, 1]),     # the hard one up first
    (Rlimit(None, None), [2, 1]),
])
def test_a_limit_is_set_in_an_order_that_works(limit: Rlimit, order: list[int],
                                               scripted: Make) -> None:
    one = scripted()
    for kind in (1, 2):
        one.script.sysctls[10, 7, 2, 9, kind] = (100).to_bytes(8, "little")
    kinfo.set_rlimit(7, Limit.RLIMIT_NOFILE, limit, kernel=one.kernel)
    assert [call.arguments[0][4] for call in one.script.calls if call.arguments[1]] == order


def test_every_limit_has_its_sysctl(scripted: Make) -> None:
    one = scripted()
    for number, limit in enumerate(Limit, 1):
        for kind in (1, 2):
            one.script.sysctls[10, 7, 2, number, kind] = bytes(8)
        assert kinfo.rlimit(7, limit, kernel=one.kernel) == Rlimit(0, 0)
    with pytest.raises(TypeError):
        kinfo.rlimit(7, 3, kernel=one.kernel)       # type: ignore[arg-type]


# -- captured tables ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [KinfoProc, KinfoLwp, KinfoFile, KinfoVmentry])
@pytest.mark.parametrize("machine", MACHINES)
def test_every_field_of_a_captured_table(kind: type[KinfoProc], machine: str) -> None:
    layout = abi.target("netbsd", machine).struct(kind.struct)
    data = bytes(i * 7 % 256 for i in range(layout.size))
    first, second = kind.fixed(machine, data * 2)
    assert first == second
    assert first.asdict() == {name: getattr(second, name) for name in first.names()}
    covered = {field.cname for owner in kind.__mro__ for field in vars(owner).values()
               if hasattr(field, "cname")}
    missing = {field.name for field in layout.fields} - covered
    assert missing <= {"l_pad1", "l_pad2", "_ki_padto64bits"}
    with pytest.raises(Malformed):
        kind.fixed(machine, data + b"x")
