"""wait4(2), wait6(2) and waitid(2), typed."""

from __future__ import annotations

import re

import pytest

from bsdproc import abi
from bsdproc.dragonfly import (
    Continued,
    Exited,
    IdType,
    Signal,
    Signaled,
    Stopped,
    WaitOptions,
    wait,
    wait6,
    waitid,
    waiting,
)
from bsdproc.dragonfly.constants import CldCode
from bsdproc.kernel.errors import NoChild
from bsdproc.kernel.port import Waited, Waited6

from . import captured
from .recorded import Recorded

SAID = re.compile(r"W .*?wait4\((\d+),opt=\d\) -> \1 ok status=(0x\w+) "
                  r"(stopped sig|exit|killed sig) (\d+)")
STATUSES = sorted({said.groups() for name in captured.PTRACE for line in captured.lines(name)
                   if (said := SAID.match(line))})


@pytest.mark.parametrize("said", STATUSES, ids=lambda said: said[1])
def test_statuses_as_recorded(said: tuple[str, str, str, str]) -> None:
    pid, status, number = int(said[0]), int(said[1], 0), int(said[3])
    match waiting.decode(pid, status):
        case Stopped(signal=signal):
            assert (said[2], signal) == ("stopped sig", number)
            assert isinstance(signal, Signal)
        case Exited(status=code):
            assert (said[2], code) == ("exit", number)
        case Signaled(signal=signal, core=core):
            assert (said[2], signal, core) == ("killed sig", number, False)
        case other:
            raise AssertionError(other)


def test_there_are_some() -> None:
    assert {said[2] for said in STATUSES} == {"stopped sig", "exit", "killed sig"}


def test_other_statuses() -> None:
    assert waiting.decode(3, 0x007F) == Stopped(3, 0, 0x7F)         # after an attach by procfs
    assert waiting.decode(3, 0x13) == Continued(3, 0x13)
    assert waiting.decode(3, 0x8B) == Signaled(3, Signal.SIGSEGV, True, 0x8B)
    assert waiting.decode(3, 0x417F) == Stopped(3, 65, 0x417F)      # "CONTINUE sig 65"


def test_wait() -> None:
    kernel = Recorded()
    kernel.waits = [Waited(3, 0x117F, b""), Waited(0, 0, b"")]
    assert wait(3, kernel=kernel.port) == Stopped(3, Signal.SIGSTOP, 0x117F)
    assert wait(3, WaitOptions.WNOHANG, kernel=kernel.port) is None
    with pytest.raises(NoChild) as caught:
        wait(3, kernel=kernel.port)
    assert (caught.value.call, caught.value.target) == ("wait4", 3)
    with pytest.raises(ValueError, match="pid must be"):
        wait(1 << 31 << 1, kernel=kernel.port)


def test_wait6() -> None:
    """ "si: signo=0 errno=0 code=4 pid=0 uid=0 status=0" """
    target = abi.target("dragonfly", "x86_64")
    usage = target.struct("struct rusage").pack({"ru_nvcsw": 7})
    info = target.struct("siginfo_t").pack({"si_code": 4})
    answer = Waited6(18, 0x117F, usage + usage.replace(b"\7", b"\1"), info)
    kernel = Recorded()
    kernel.waits6 = [answer, answer, Waited6(0, 0, b"", b""), Waited6(0, 0, b"", b"")]
    asked = WaitOptions.WEXITED | WaitOptions.WTRAPPED
    found = wait6(IdType.P_PID, 18, asked, kernel=kernel.port)
    assert found is not None
    assert found.status == Stopped(18, Signal.SIGSTOP, 0x117F)
    assert (found.usage.nvcsw, found.children.nvcsw) == (7, 1)
    siginfo = waitid(IdType.P_PID, 18, asked, kernel=kernel.port)
    assert siginfo == found.siginfo
    assert (siginfo.signo, siginfo.code_number, siginfo.pid) == (0, 4, 0)
    for ask in (wait6, waitid):
        assert ask(IdType.P_ALL, 0, asked, kernel=kernel.port) is None
    for ask in (wait6, waitid):
        with pytest.raises(NoChild, match="wait6 P_PID of 18"):
            ask(IdType.P_PID, 18, asked, kernel=kernel.port)


def test_siginfo() -> None:
    from bsdproc.dragonfly import Siginfo

    layout = abi.target("dragonfly", "x86_64").struct("siginfo_t")
    data = layout.pack({"si_signo": 20, "si_code": 3, "si_pid": 9, "si_uid": 1001, "si_status": 11,
                        "si_band": -2, "si_value": {"sival_ptr": 0xFFFFFFFF_00000005}})
    found = Siginfo.single("x86_64", data)
    assert (found.signo, found.code) == (Signal.SIGCHLD, CldCode.CLD_DUMPED)
    assert (found.pid, found.uid, found.status, found.band) == (9, 1001, 11, -2)
    assert (found.value, found.int_value) == (0xFFFFFFFF00000005, 5)
    assert "CLD_DUMPED" in repr(found)
