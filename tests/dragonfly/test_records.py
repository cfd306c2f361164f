"""Records of kern.proc that a real kernel gave, against what C programs read in them."""

from __future__ import annotations

import pickle

import pytest

from bsdproc import abi
from bsdproc.dragonfly.constants import (
    LwpFlags,
    LwpState,
    PriorityType,
    ProcFlags,
    ProcState,
    SessionFlags,
    Signal,
)
from bsdproc.dragonfly.kinfo import KinfoLwp, KinfoProc, Malformed
from bsdproc.dragonfly.records import Record

from . import captured

SIZE = abi.target("dragonfly", "x86_64").struct("struct kinfo_proc").size


def one(data: bytes) -> KinfoProc:
    (record,) = KinfoProc.fixed("x86_64", data)
    return record


@pytest.mark.parametrize("at", range(len(captured.decoded())))
def test_records_that_were_decoded_elsewhere(at: int) -> None:
    data, said = captured.decoded()[at]
    record = one(data)
    for name, value in said.items():
        if name == "query":
            continue
        name = name.removeprefix("kp_")
        if name == "groups":
            assert list(record.groups) == value
        elif name == "start":
            assert isinstance(value, list)
            assert record.start == value[0] + value[1] / 1_000_000
        else:
            found = getattr(record, name)
            assert getattr(found, "value", found) == value, name


SET = {"siglist": "siglist", "sigign": "sigignore", "sigcatch": "sigcatch"}
PROCESS = {
    "pid": "pid", "ppid": "ppid", "pgid": "pgid", "sid": "sid", "jobc": "jobc", "stat": "stat",
    "flags": "flags", "lock": "lock", "acflag": "acflag", "traceflag": "traceflag",
    "sigflag": "sigflag", "uid": "uid", "ruid": "ruid", "svuid": "svuid", "rgid": "rgid",
    "svgid": "svgid", "ngroups": "ngroups", "tdev": "tdev", "tpgid": "tpgid", "tsid": "tsid",
    "exitstat": "exitstat", "nthreads": "nthreads", "nice": "nice", "swtime": "swtime",
    "map": "vm_map_size", "rss": "vm_rssize", "swrss": "vm_swrss", "t": "vm_tsize",
    "d": "vm_dsize", "s": "vm_ssize", "prss": "vm_prssize", "jail": "jailid",
    "auxflags": "auxflags",
}
THREAD = {
    "pid": "pid", "tid": "tid", "flags": "flags", "stat": "stat", "lock": "lock",
    "tdflags": "tdflags", "mpcount": "mpcount", "prio": "prio", "tdprio": "tdprio",
    "uticks": "uticks", "sticks": "sticks", "iticks": "iticks", "cpticks": "cpticks",
    "pctcpu": "pctcpu", "slptime": "slptime", "origcpu": "origcpu", "estcpu": "estcpu",
    "cpuid": "cpuid",
}


@pytest.mark.parametrize("at", range(len(captured.records())))
def test_records_beside_their_text(at: int) -> None:
    data, process, thread = captured.records()[at]
    record = one(data)
    for word, name in PROCESS.items():
        found = getattr(record, name)
        assert getattr(found, "value", found) == int(process[word], 0), name
    for word, name in THREAD.items():
        found = getattr(record.lwp, name)
        assert getattr(found, "value", found) == int(thread[word], 0), name
    for word, name in SET.items():
        bits = sum(1 << signal - 1 for signal in getattr(record, name))
        assert bits & 0xFFFFFFFF == int(process[word], 16), name
    kind, priority = thread["rtprio"].split("/")
    assert (record.lwp.rtprio.type, record.lwp.rtprio.prio) == (int(kind), int(priority))
    assert record.comm == captured.octets(process["comm"]).decode()
    assert record.login == captured.octets(process["login"]).decode()
    assert record.lwp.wmesg == captured.octets(thread["wmesg"]).decode()
    assert record.lwp.wchan == int(thread["wchan"], 16)
    assert (record.paddr, record.fd, record.ktaddr) == tuple(
        int(process[word], 16) for word in ("paddr", "fd", "ktaddr"))
    assert record.start == float(process["start"])
    assert record.lwp.ru.minflt == int(thread["minflt"])
    assert record.lwp.ru.nvcsw == int(thread["nvcsw"])
    assert record.lwp.ru.nivcsw == int(thread["nivcsw"])
    # Of a living process the kernel keeps no times here, but in the thread's ticks.
    assert record.lwp.ru.utime == record.ru.utime == float(thread["ru.utime"]) == 0


def by_pid(pid: int) -> KinfoProc:
    return next(record for record in map(one, (data for data, _ in captured.decoded()))
                if record.pid == pid)


def test_what_the_numbers_mean() -> None:
    own, stopped, terminal, init = (by_pid(pid) for pid in (2, 6, 10, 1))
    assert own.flags == ProcFlags.P_EXEC | ProcFlags.P_MAYBETHREADED
    assert (own.stat, own.lwp.stat) == (ProcState.SACTIVE, LwpState.LSRUN)
    assert own.lwp.rtprio.type is PriorityType.RTP_PRIO_NORMAL
    assert (stopped.stat, stopped.exitstat) == (ProcState.SSTOP, Signal.SIGSTOP)
    assert stopped.lwp.stat is LwpState.LSSLEEP
    assert LwpFlags.LWP_SINTR in stopped.lwp.flags
    assert (terminal.tty, own.tty) == (0x1400, None)
    assert terminal.auxflags == SessionFlags.KI_CTTY | SessionFlags.KI_SLEADER
    assert ProcFlags.P_SYSTEM in init.flags
    assert by_pid(8).groups == (1001, 77)
    assert by_pid(8).gid == 1001
    assert Signal.SIGCHLD in own.sigignore


def test_a_kernel_thread() -> None:
    thread = by_pid(-1)
    assert thread.is_kernel_thread
    assert not by_pid(0).is_kernel_thread
    assert thread.comm == thread.lwp.comm == "syncer6"
    assert (thread.paddr, thread.start, thread.groups) == (0, 0, ())
    assert thread.ktaddr != 0
    assert thread.lwp.rtprio.type is PriorityType.RTP_PRIO_THREAD


def test_threads_of_a_process() -> None:
    together, first, second = (one(data) for data, said in captured.decoded()
                               if "multi" in str(said["query"]))
    assert (together.lwp.tid, first.lwp.tid, second.lwp.tid) == (-1, 1, 2)
    assert together.nthreads == 2
    assert together.lwp.sticks == first.lwp.sticks + second.lwp.sticks


def test_every_field_has_a_name() -> None:
    """But for what is spare."""
    target = abi.target("dragonfly", "x86_64")
    named: dict[str, set[str]] = {}
    kinds: list[type[Record]] = [KinfoProc, KinfoLwp]
    for kind in kinds:
        declared = {field.cname for base in kind.__mro__ for field in vars(base).values()
                    if hasattr(field, "cname")}
        named[kind.struct] = {f.name for f in target.struct(kind.struct).fields} - declared
    assert named == {"struct kinfo_proc": {"kp_spare"}, "struct kinfo_lwp": set()}


def test_a_table_is_cut() -> None:
    data = b"".join(data for data, _ in captured.decoded())
    records = KinfoProc.fixed("x86_64", data)
    assert [r.pid for r in records] == [said["kp_pid"] for _, said in captured.decoded()]
    assert pickle.loads(pickle.dumps(records)) == records
    wider = b"".join(data[at : at + SIZE] + bytes(8) for at in range(0, len(data), SIZE))
    assert [r.pid for r in KinfoProc.fixed("x86_64", wider, SIZE + 8)] == [r.pid for r in records]
    for wrong in (data[:-1], data + b"\0", data[:1]):
        with pytest.raises(Malformed):
            KinfoProc.fixed("x86_64", wrong)
    for size in (0, -1, 900):
        with pytest.raises(Malformed):
            KinfoProc.fixed("x86_64", data, size)


def test_records_do_not_change() -> None:
    record = by_pid(2)
    with pytest.raises(AttributeError):
        record.pid = 3
    assert record.asdict()["comm"] == "kproc"
