"""siginfo_t and sigset_t, from bytes."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsdproc import abi
from bsdproc.freebsd import sigset
from bsdproc.freebsd.constants import (
    BusCode,
    CldCode,
    IllCode,
    SegvCode,
    SiCode,
    Signal,
    TrapCode,
)
from bsdproc.freebsd.siginfo import Siginfo, code_of
from bsdproc.typed.records import Malformed

MACHINES = [machine for system, machine in abi.targets() if system == "freebsd"]


def test_sets() -> None:
    data = sigset.encode({Signal.SIGHUP, Signal.SIGTHR, 33, 65, 128}, "little")
    assert data == bytes([1, 0, 0, 0x80, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x80])
    found = sigset.decode(data, "little")
    assert found == {1, 32, 33, 65, 128}
    assert Signal.SIGLIBRT in found
    assert sigset.decode(sigset.encode(found, "big"), "big") == found
    assert sigset.encode({1}, "big")[:4] == b"\0\0\0\1"
    assert sigset.decode(bytes(16), "little") == frozenset()


@pytest.mark.parametrize("number", [0, -1, 129])
def test_sets_refuse(number: int) -> None:
    with pytest.raises(ValueError, match="1 to 128"):
        sigset.encode({number}, "little")


@given(st.sets(st.integers(1, 128)), st.sampled_from(["little", "big"]))
def test_sets_there_and_back(signals: set[int], order: str) -> None:
    assert sigset.decode(sigset.encode(signals, order), order) == signals


@pytest.mark.parametrize(("signo", "code", "expected"), [
    (4, 5, IllCode.ILL_PRVOPC),
    (5, 1, TrapCode.TRAP_BRKPT),
    (10, 3, BusCode.BUS_OBJERR),
    (11, 1, SegvCode.SEGV_MAPERR),
    (20, 2, CldCode.CLD_KILLED),
    (20, 0x10001, SiCode.SI_USER),
    (9, 0, SiCode.SI_NOINFO),
    (9, 1, 1),
    (5, 77, 77),
])
def test_codes(signo: int, code: int, expected: int) -> None:
    assert code_of(signo, code) is expected or code_of(signo, code) == expected
    assert type(code_of(signo, code)) is type(expected)


@pytest.mark.parametrize("machine", MACHINES)
def test_siginfo_of_a_fault(machine: str) -> None:
    layout = abi.target("freebsd", machine).struct("siginfo_t")
    data = layout.pack({"si_signo": 11, "si_code": 2, "si_addr": 0x1234,
                        "_reason": {"_fault": {"_trapno": 12}}})
    found = Siginfo.single(machine, b"before!!" + data, 8)
    assert found.signo is Signal.SIGSEGV
    assert found.code is SegvCode.SEGV_ACCERR
    assert found.addr == 0x1234
    assert found.trapno == 12
    assert found.syscall is found.timerid is found.mqd is found.band is None
    assert "trapno=12" in repr(found)


@pytest.mark.parametrize("machine", MACHINES)
def test_siginfo_of_others(machine: str) -> None:
    layout = abi.target("freebsd", machine).struct("siginfo_t")

    def made(**values: abi.Value) -> Siginfo:
        return Siginfo.single(machine, layout.pack(values))

    sent = made(si_signo=30, si_code=0x10002, si_pid=17, si_uid=1001,
                si_value={"sival_int": -5})
    assert (sent.pid, sent.uid, sent.int_value) == (17, 1001, -5)
    assert sent.trapno is None
    timer = made(si_signo=14, si_code=0x10003,
                 _reason={"_timer": {"_timerid": 3, "_overrun": 9}})
    assert (timer.timerid, timer.overrun) == (3, 9)
    queue = made(si_signo=31, si_code=0x10005, _reason={"_mesgq": {"_mqd": 4}})
    assert queue.mqd == 4
    refused = made(si_signo=5, si_code=4, si_errno=94,
                   _reason={"_capsicum": {"_syscall": 5}})
    assert (refused.syscall, refused.errno, refused.trapno) == (5, 94, None)
    ready = made(si_signo=23, si_code=1, _reason={"_poll": {"_band": 0x40}})
    assert ready.band == 0x40
    assert made(si_signo=126, si_code=0x10007).signo == 126


def test_siginfo_is_a_value() -> None:
    layout = abi.target("freebsd", "amd64").struct("siginfo_t")
    one, two = (Siginfo.single("amd64", layout.pack({"si_signo": 9})) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.signo = Signal.SIGHUP
    with pytest.raises(Malformed, match="80 bytes"):
        Siginfo.single("amd64", bytes(79))
