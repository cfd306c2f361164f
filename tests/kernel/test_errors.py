"""errors and errno: the systems' own numbers, and Python's own exception classes."""

from __future__ import annotations

import pickle
import re

import pytest
from tests.headers import header

from bsdproc.kernel import errno, errors


def declared(text: str) -> dict[str, int]:
    """Every E.. macro that a process can see: positive numbers and synonyms."""
    found: dict[str, int] = {}
    for name, value in re.findall(r"^#\s*define\s+(E\w+)\s+(\w+)", text, re.M):
        if name != "ELAST":
            found[name] = int(value) if value.isdigit() else found[value]
    return found


@pytest.mark.toolchain
@pytest.mark.parametrize("system", ["freebsd", "netbsd"])
def test_the_numbers_are_the_headers(system: str) -> None:
    expected = declared(header(system, "sys/errno.h"))
    assert len(expected) > 95
    assert dict(errno.table(system)) == expected


@pytest.mark.toolchain
@pytest.mark.parametrize("system", ["freebsd", "netbsd"])
def test_what_no_program_sees(system: str) -> None:
    named = {int(value): name for name, value in re.findall(
        r"^#\s*define\s+(ERESTART|EJUSTRETURN)\s+\(?(-\d)\)?", header(system, "sys/errno.h"), re.M)}
    assert dict(errno.UNSEEN[system]) == named
    assert {errno.name(system, number) for number in named} == {"ERESTART", "EJUSTRETURN"}


def test_dragonfly_differs_above_its_shared_part() -> None:
    table = errno.table("dragonfly")
    freebsd = errno.table("freebsd")
    shared = [name for name, number in freebsd.items() if number <= 92]
    assert all(table[name] == freebsd[name] for name in shared)
    assert table["ENOMEDIUM"] == 93
    assert table["EASYNC"] == 99
    assert errno.name("dragonfly", 95) == "E?95"


def test_names_prefer_the_proper_one() -> None:
    for system in errno.SYSTEMS:
        assert errno.name(system, 35) == "EAGAIN"
        assert errno.name(system, 45) == "EOPNOTSUPP"
        assert errno.number(system, "EWOULDBLOCK") == 35
    assert errno.number("netbsd", "ENOTSUP") == 86
    assert errno.number("freebsd", "ENOTSUP") == 45


def test_an_unknown_number_keeps_itself() -> None:
    error = errors.from_errno("freebsd", 4711, call="ptrace")
    assert (error.errno, error.name) == (4711, "E?4711")
    assert type(error) is errors.KernelError
    assert errors.from_errno("freebsd", 0, call="ptrace").name == "E?0"


def test_an_unknown_system_is_named() -> None:
    with pytest.raises(ValueError, match="'plan9', only for freebsd, netbsd, dragonfly"):
        errno.table("plan9")


PYTHONS = {
    "EPERM": PermissionError,
    "EACCES": PermissionError,
    "ESRCH": ProcessLookupError,
    "ECHILD": ChildProcessError,
    "ENOENT": FileNotFoundError,
    "EEXIST": FileExistsError,
    "ENOTDIR": NotADirectoryError,
    "EISDIR": IsADirectoryError,
    "EINTR": InterruptedError,
    "EAGAIN": BlockingIOError,
    "EALREADY": BlockingIOError,
    "EINPROGRESS": BlockingIOError,
    "EPIPE": BrokenPipeError,
    "ESHUTDOWN": BrokenPipeError,
    "ETIMEDOUT": TimeoutError,
    "ECONNABORTED": ConnectionAbortedError,
    "ECONNREFUSED": ConnectionRefusedError,
    "ECONNRESET": ConnectionResetError,
}


@pytest.mark.parametrize("name", PYTHONS)
@pytest.mark.parametrize("system", errno.SYSTEMS)
def test_the_class_follows_the_name(system: str, name: str) -> None:
    error = errors.from_name(system, name, call="ptrace", request="PT_ATTACH", target=7)
    assert isinstance(error, PYTHONS[name])
    assert isinstance(error, errors.KernelError)
    assert error.errno == errno.number(system, name)
    assert error.name == name


def test_capability_mode_is_a_matter_of_permission_on_freebsd_alone() -> None:
    assert isinstance(errors.from_errno("freebsd", 94, call="procctl"), PermissionError)
    assert not isinstance(errors.from_errno("netbsd", 94, call="procctl"), PermissionError)


def test_busy_is_a_kernel_error_and_no_more() -> None:
    assert type(errors.from_name("freebsd", "EBUSY", call="ptrace")) is errors.KernelError


def test_the_text_says_what_was_asked_and_why() -> None:
    error = errors.from_name(
        "freebsd", "EBUSY", call="ptrace", request="PT_ATTACH", target=42, reason="traced by 41"
    )
    assert str(error) == "ptrace PT_ATTACH of 42: EBUSY, busy (traced by 41)"
    assert str(errors.from_name("freebsd", "ECHILD", call="wait4")) == (
        "wait4: ECHILD, no child processes"
    )


def test_errors_survive_pickling() -> None:
    error = errors.from_errno(
        "netbsd", 3, call="procctl", request="PROC_REAP_KILL", target=5, reason="gone",
        killed=2, first_failed=9, transferred=4,
    )
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.NoSuchProcess
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    assert again.errno == 3


def test_the_named_ones() -> None:
    gone = errors.vanished("freebsd", 12, call="ptrace", request="PT_STEP")
    assert isinstance(gone, ProcessLookupError)
    assert gone.name == "ESRCH"
    lacking = errors.not_supported("netbsd", call="ptrace", request="PT_GETDBREGS", reason="sparc")
    assert lacking.name == "EOPNOTSUPP"
    old = errors.too_old("freebsd", call="ptrace", request="PT_SC_REMOTE", running="13.2-RELEASE",
                         needs="14.0", errno=22)
    assert str(old) == ("ptrace PT_SC_REMOTE: EINVAL, invalid argument "
                        "(came with 14.0, and this kernel is 13.2-RELEASE)")
    for error in (gone, lacking, old):
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)
