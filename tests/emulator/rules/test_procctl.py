"""procctl(2): what commands answer, and what they do to the next image."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import MMAP, MPROTECT, Held, finish, how, procctl, record, until

pytestmark = pytest.mark.privileged

SPROTECT, TRACE_CTL, TRACE_STATUS, TRAPCAP_CTL, PDEATHSIG_STATUS = 1, 7, 8, 9, 12
ASLR_CTL, ASLR_STATUS, PROTMAX_CTL, STACKGAP_CTL, STACKGAP_STATUS = 13, 14, 15, 17, 18
NO_NEW_PRIVS_CTL, WXMAP_CTL, WXMAP_STATUS = 19, 21, 22
LA_STATUS = 0x10000003
EACCES, EOPNOTSUPP = 13, 45
PT_DETACH, SETPGID = 11, 82
ROOM = 0x30000000
PAGE = 4096
ACTIVE = -0x80000000


@pytest.mark.parametrize("command", [0, 23, 24, 25, 100, -1])
def test_unknown_commands_before_all_else(kernel: Kernel, command: int) -> None:
    """PROC_LOGSIGEXIT is 23 and came later."""
    whom = ((0, 0), (2, 0), (99, 0), (0, 99998))
    assert {how(partial(kernel.procctl, *one, command, 0)) for one in whom} == {"EINVAL"}


@pytest.mark.parametrize("command", [8, 10, 12, 14, 16, 18, 20, 22])
def test_a_status_is_of_one_process(kernel: Kernel, command: int) -> None:
    assert how(lambda: kernel.procctl(2, kernel.getpid(), command, kernel.buffer(4))) == "EINVAL"


def test_sprotect_takes_its_flags_alone(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    good = {op | more for op in (1, 2) for more in (0, 0x10, 0x20, 0x30)}
    taken = {value for value in range(0x44)
             if not how(partial(procctl, kernel, t.pid, SPROTECT, value))}
    assert taken == good


def test_sprotect_is_for_root(kernel: Kernel) -> None:
    assert kernel.run_child(lambda k: how(lambda: procctl(k, 0, SPROTECT, 1)), uid=1001) == "EPERM"


def test_a_traced_process_has_its_tracer_for_status(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    assert procctl(kernel, t.pid, TRACE_STATUS) == kernel.getpid()
    assert {how(partial(procctl, kernel, t.pid, TRACE_CTL, value))
            for value in (1, 2, 3, 9)} == {"EBUSY"}


def test_the_death_signal_is_ones_own_affair(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    assert {how(partial(procctl, kernel, pid, PDEATHSIG_STATUS))
            for pid in (t.pid, 1, 99998)} == {"EINVAL"}


@pytest.mark.parametrize(("settings", "command", "status"), [
    ({STACKGAP_CTL: 8}, STACKGAP_STATUS, 9),
    ({STACKGAP_CTL: 2}, STACKGAP_STATUS, 5),
    ({WXMAP_CTL: 2}, WXMAP_STATUS, 2 | ACTIVE),
    ({ASLR_CTL: 2}, ASLR_STATUS, 2),
])
def test_what_execve_makes_of_a_setting(
    kernel: Kernel, tracee: Callable[[str], str], settings: dict[int, int], command: int,
    status: int,
) -> None:
    path = tracee("sleeper")

    def child(k: Kernel) -> int:
        for number, value in settings.items():
            procctl(k, 0, number, value)
        pid = k.spawn(path, [path], {}, traced=True)
        k.wait4(pid)
        found = procctl(k, pid, command)
        finish(k, [pid])
        return found

    assert kernel.run_child(child) == status


def test_where_memory_goes_without_aslr(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    """Behind the largest data segment; a wish inside it counts for none."""
    path = tracee("sys")

    def child(k: Kernel) -> list[int]:
        procctl(k, 0, ASLR_CTL, 2)
        with Held(k, path) as t:
            return [t.call(MMAP, wish, PAGE, 3, 0x1002, -1, 0)[1] for wish in (0, 0x10000000)]

    first, second = kernel.run_child(child)
    assert (first, second - first) == (0x800202000, PAGE)


def test_w_xor_x_from_the_next_image_on(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    path = tracee("sys")

    def child(k: Kernel) -> list[int]:
        procctl(k, 0, WXMAP_CTL, 2)
        with Held(k, path) as t:
            answers = [t.map(ROOM, PAGE, 7), t.map(ROOM, PAGE, 3)]
            answers.append(t.call(MPROTECT, ROOM, PAGE, 7)[0])
            procctl(k, t.pid, WXMAP_CTL, 1)
            answers.append(t.call(MPROTECT, ROOM, PAGE, 7)[0])
            return answers

    assert kernel.run_child(child) == [EACCES, 0, EACCES, 0]


def test_mprotect_lowers_the_maximum_for_good(hold: Hold) -> None:
    """PROT_MAX(): the protection must be within it, and it never rises again."""
    t = hold("sys")
    assert t.map(ROOM, PAGE, 3) == 0
    answers = [t.call(MPROTECT, ROOM, PAGE, prot)[0]
               for prot in (3 | 1 << 16, 1 | 3 << 16, 7, 3, 7 | 7 << 16, 1 | 1 << 16, 3)]
    assert answers == [EOPNOTSUPP, 0, EACCES, 0, EACCES, 0, EACCES]


def test_protmax_makes_a_mapping_s_protection_its_maximum(
    kernel: Kernel, tracee: Callable[[str], str]
) -> None:
    path = tracee("sys")

    def child(k: Kernel) -> list[int]:
        procctl(k, 0, PROTMAX_CTL, 1)
        with Held(k, path) as t:
            t.map(ROOM, PAGE, 1)
            return [t.call(MPROTECT, ROOM, PAGE, prot)[0] for prot in (3, 0, 1)]

    assert kernel.run_child(child) == [EACCES, 0, 0]


def test_a_group_s_command_fails_when_none_took_it(
    kernel: Kernel, tracee: Callable[[str], str]
) -> None:
    """A user sees no process of root's group that could take it: ESRCH."""
    path = tracee("sleeper")
    pid = kernel.spawn(path, [path], {}, new_group=True)
    until(kernel, lambda: record(kernel, pid)["ki_stat"] == 3)

    def by_group(k: Kernel) -> str:
        return how(lambda: k.procctl(2, pid, TRAPCAP_CTL, k.buffer(struct.pack("<i", 1))))

    try:
        assert kernel.run_child(by_group, uid=1001) == "ESRCH"
        assert by_group(kernel) == ""
    finally:
        finish(kernel, [pid])


def test_no_new_privileges_are_never_given_back(kernel: Kernel) -> None:
    def child(k: Kernel) -> list[str]:
        return [how(partial(procctl, k, 0, NO_NEW_PRIVS_CTL, v)) for v in (2, 1, 2, 1)]

    assert kernel.run_child(child) == ["EINVAL", "", "EINVAL", ""]


@pytest.mark.parametrize(("freed", "answer"), [("last", "EPERM"), ("first", "EBUSY")])
def test_a_group_s_first_refusal_is_that_of_who_came_last(
    hold: Hold, kernel: Kernel, freed: str, answer: str
) -> None:
    """enterpgrp() puts who comes first in the list.  A traced member says EBUSY, any
    other EPERM to who would enable its tracing."""
    first, last = hold("sleeper"), hold("sleeper")
    assert [t.call(SETPGID, 0, first.pid)[0] for t in (first, last)] == [0, 0]
    kernel.ptrace(PT_DETACH, (first if freed == "first" else last).pid, 1, 0)
    value = kernel.buffer(struct.pack("<i", 1))
    assert how(lambda: kernel.procctl(2, first.pid, TRACE_CTL, value)) == answer


def test_an_id_s_high_half_is_lost_on_the_way(hold: Hold, kernel: Kernel) -> None:
    """id_t has 64 bits, a pid_t 32; 0 alone is the caller."""
    t = hold("spin")
    high, status = 1 << 32, kernel.buffer(4)
    kernel.procctl(0, high + t.pid, TRACE_STATUS, status)
    assert int.from_bytes(status.read(), "little") == kernel.getpid()
    kernel.procctl(0, high, TRACE_STATUS, status)           # the kernel's process, not traced
    assert status.read() == bytes(4)
    kernel.procctl(0, high + t.pid, LA_STATUS, status)


def test_init_s_map_is_randomised(kernel: Kernel) -> None:
    assert procctl(kernel, 1, ASLR_STATUS) == 3 | ACTIVE


def test_the_kernel_s_process_has_addresses_of_57_bits(kernel: Kernel) -> None:
    """To LA_STATUS 0 is no word for the caller."""
    assert procctl(kernel, 0, LA_STATUS) == 3 | 0x02000000
    assert procctl(kernel, kernel.getpid(), LA_STATUS) == 3 | 0x01000000
