"""Calls about the kernel as a whole: its modules and environment, swap, quotas, handles."""

from __future__ import annotations

import struct

import pytest

from .conftest import EACH_USER
from .held import ROOM, Held

pytestmark = [pytest.mark.privileged, EACH_USER]

BUFFER = ROOM + 0x2000
PROFIL, ACCT, REBOOT, SWAPON, SWAPOFF, OLD_SWAPOFF, UNDELETE = 44, 51, 55, 85, 582, 424, 205
MOUNT, UNMOUNT, QUOTACTL, GETFH, LGETFH, FHOPEN, FHSTAT, FHSTATFS = (
    21, 22, 148, 161, 160, 298, 553, 558)
MODNEXT, MODSTAT, MODFNEXT, MODFIND, KLDLOAD, KLDUNLOAD, KLDFIND, KLDNEXT, KLDSTAT, FIRSTMOD = (
    range(300, 310))
KENV, SETFIB, UUIDGEN, YIELD = 390, 175, 392, 321
KENV_GET, KENV_SET, KENV_UNSET, KENV_DUMP = range(4)
RCTL = range(525, 530)
EPERM, ENOENT, EFAULT, EINVAL, EOPNOTSUPP, ESTALE, ENOSYS = 1, 2, 14, 22, 45, 70, 78


def text(t: Held, words: bytes) -> int:
    t.write(BUFFER, words + b"\0")
    return BUFFER


def test_what_only_root_is_told_more_of(t: Held, uid: int | None) -> None:
    """The right is asked for before the arguments are looked at."""
    assert {t.call(number, text(t, b"/none"), 0)[0] for number in (
        SWAPON, SWAPOFF, OLD_SWAPOFF, LGETFH)} == {EPERM if uid else ENOENT}
    assert {t.call(number, BUFFER, BUFFER)[0] for number in (FHOPEN, FHSTAT, FHSTATFS)} == {
        EPERM if uid else ESTALE}
    assert t.call(ACCT, 0)[0] == (EPERM if uid else 0)
    assert t.call(KLDLOAD, text(t, b"nonesuch"))[0] == (EPERM if uid else ENOENT)
    assert t.call(KLDUNLOAD, 99)[0] == (EPERM if uid else ENOENT)
    assert t.call(UNMOUNT, text(t, b"/none"), 0)[0] == (EPERM if uid else EINVAL)
    if uid:
        assert t.call(REBOOT, 0)[0] == EPERM
        assert t.call(GETFH, text(t, b"/"), BUFFER)[0] == EPERM


def test_what_is_alike_for_all(t: Held) -> None:
    assert t.call(MOUNT, text(t, b"none"), BUFFER, 0, 0)[0] == ENOENT
    assert t.call(QUOTACTL, text(t, b"/"), 0, 0, 0)[0] == EOPNOTSUPP
    assert t.call(UNDELETE, text(t, b"/none"))[0] == ENOENT
    assert t.call(PROFIL, 0, 0, 0, 0)[0] == t.call(YIELD)[0] == 0
    assert [t.call(SETFIB, number)[0] for number in (0, 1, -1)] == [0, EINVAL, EINVAL]
    assert {t.call(number, 0, 0, 0, 0)[0] for number in RCTL} == {ENOSYS}


def test_the_kernel_is_a_file_with_modules(t: Held) -> None:
    assert t.call(KLDNEXT, 0) == t.call(KLDFIND, text(t, b"kernel")) == (0, 1)
    assert t.call(KLDNEXT, 1) == (0, 0)
    assert t.call(KLDNEXT, 9)[0] == t.call(KLDFIND, text(t, b"none"))[0] == ENOENT
    assert t.call(FIRSTMOD, 1)[1] > 0
    assert t.call(FIRSTMOD, 9)[0] == t.call(MODNEXT, 9999)[0] == t.call(MODFNEXT, 9999)[0] == ENOENT
    assert t.call(MODFIND, text(t, b"none"))[0] == ENOENT
    for name in (b"procfs", b"sysvshm", b"aio", b"ufs"):
        error, number = t.call(MODFIND, text(t, name))
        assert (error, number > 0) == (0, True)
        t.write(BUFFER, struct.pack("<i", 1048))
        assert t.call(MODSTAT, number, BUFFER)[0] == 0
        told = t.read(BUFFER, 1048)
        assert told[4 : 4 + len(name) + 1] == name + b"\0"
        assert struct.unpack_from("<i", told, 1032)[0] == number
    assert t.call(MODSTAT, 9999, BUFFER)[0] == ENOENT


@pytest.mark.parametrize(("version", "errno"), [
    (0, EINVAL), (1056, 0), (1060, EINVAL), (2080, 0), (2084, EINVAL)])
def test_what_is_told_of_the_kernel_s_file(t: Held, version: int, errno: int) -> None:
    """The structure says by its size which it is."""
    t.write(BUFFER, struct.pack("<i", version) + bytes(2100))
    assert t.call(KLDSTAT, 1, BUFFER)[0] == errno
    if not errno:
        told = t.read(BUFFER, 2100)
        assert told[4:11] == b"kernel\0"
        assert struct.unpack_from("<ii", told, 1028) == (1, 1)
        assert told[1056:1076] == (b"/boot/kernel/kernel\0" if version > 1056 else bytes(20))


def test_the_kernel_s_environment(t: Held, uid: int | None) -> None:
    """Room that is too small is told how much it takes; names and values are root's to set."""
    name, value = b"sc.test", b"a value"

    def ask(what: int, room: int = 64) -> tuple[int, int]:
        t.write(BUFFER, name + b"\0")
        return t.call(KENV, what, BUFFER, BUFFER + 64, room)

    assert ask(KENV_GET)[0] == ENOENT
    t.write(BUFFER + 64, value + b"\0")
    assert ask(KENV_SET)[0] == (EPERM if uid else 0)
    assert ask(9)[0] == EINVAL
    size = t.call(KENV, KENV_DUMP, 0, 0, 0)[1]
    assert size > 50
    assert t.call(KENV, KENV_DUMP, 0, ROOM, size) == (0, 0)
    assert t.call(KENV, KENV_DUMP, 0, ROOM, size - 1) == (0, size)
    if uid:
        assert ask(KENV_UNSET)[0] == EPERM
        return
    assert ask(KENV_SET, 0)[0] == EINVAL
    t.write(BUFFER + 64, bytes(64))
    assert ask(KENV_GET, 3) == (0, 3)
    assert t.read(BUFFER + 64, 4) == b"a v\0"
    assert ask(KENV_GET) == (0, len(value) + 1)
    assert b"kernelname=" in t.read(ROOM, size)
    assert ask(KENV_UNSET)[0] == 0
    assert ask(KENV_UNSET)[0] == ENOENT
    assert t.call(KENV, KENV_GET, 0, BUFFER, 1)[0] == EFAULT


def test_unique_ids(t: Held) -> None:
    """Of the first version, one behind the other, up to 2048 at a time."""
    assert [t.call(UUIDGEN, BUFFER, count)[0] for count in (0, 1, 4, 2049, -1)] == [
        EINVAL, 0, 0, EINVAL, EINVAL]
    found = t.read(BUFFER, 64)
    times = [low | middle << 32 | (high & 0xFFF) << 48 for low, middle, high in (
        struct.unpack_from("<IHH", found, at) for at in range(0, 64, 16))]
    assert times == [*range(times[0], times[0] + 4)]
    assert {struct.unpack_from("<H", found, at + 6)[0] >> 12 for at in range(0, 64, 16)} == {1}
