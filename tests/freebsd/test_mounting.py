"""A procfs mounted, unmounted and looked at, typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bsdproc.freebsd import procfs
from bsdproc.freebsd.constants import MountFlags, UnmountFlags
from bsdproc.kernel import Kernel, KernelError

from .conftest import Start

LOCAL = MountFlags.MNT_LOCAL


@pytest.fixture
def place(kernel: Kernel) -> Iterator[str]:
    """A directory to mount on, with nothing mounted at the end."""
    path = f"/tmp/bsdproc-procfs-{kernel.getpid()}"
    kernel.mkdir(path)
    yield path
    while procfs.statfs(path).mounted_on == path:
        procfs.unmount(path, UnmountFlags.MNT_FORCE)
    kernel.rmdir(path)


@pytest.mark.privileged
def test_a_procfs_of_ones_own(kernel: Kernel, place: str, start: Start) -> None:
    spin = start("spin")
    with pytest.raises(procfs.NoProcess):
        procfs.status(spin.pid, root=place)
    procfs.mount(place, MountFlags.MNT_RDONLY | MountFlags.MNT_NOEXEC)
    assert procfs.status(spin.pid, root=place).name == "spin"
    assert procfs.curproc(root=place) == kernel.getpid()
    found = procfs.statfs(place)
    assert (found.fstype, found.mounted_from, found.mounted_on) == ("procfs", "procfs", place)
    assert found.flags == LOCAL | MountFlags.MNT_RDONLY | MountFlags.MNT_NOEXEC
    assert (found.owner, found.fsid is not None) == (kernel.caller().uid, True)
    assert (found.frsize, found.blocks, found.bfree, found.bavail) == (4096, 1, 0, 0)
    assert (found.files, found.ffree, found.namemax) == (1, 0, 255)
    procfs.unmount(place)
    assert procfs.statfs(place).fstype != "procfs"
    assert procfs.statfs("/proc").fstype == "procfs"


@pytest.mark.privileged
def test_flags_beyond_an_int(place: str) -> None:
    procfs.mount(place, MountFlags.MNT_EMPTYDIR | MountFlags.MNT_AUTOMOUNTED)
    assert procfs.statfs(place).flags == LOCAL | MountFlags.MNT_AUTOMOUNTED
    with pytest.raises(KernelError, match="EBUSY"):
        procfs.mount(place, MountFlags.MNT_NOCOVER)


@pytest.mark.privileged
def test_refusals_say_why(kernel: Kernel, place: str) -> None:
    with pytest.raises(KernelError, match=r"EINVAL.*/no/such: no such file") as caught:
        procfs.mount("/no/such")
    assert (caught.value.call, caught.value.request) == ("nmount", "/no/such")
    procfs.mount(place)
    with pytest.raises(KernelError, match="EOPNOTSUPP"):
        procfs.mount(place, MountFlags.MNT_UPDATE)

    def user(view: Kernel) -> str:
        with pytest.raises(PermissionError) as refused:
            procfs.mount(place, kernel=view)
        with pytest.raises(PermissionError):
            procfs.unmount(place, kernel=view)
        assert procfs.statfs(place, kernel=view).fsid is None
        return str(refused.value)
    assert "vfs.usermount" in kernel.run_child(user, uid=1001)


@pytest.mark.privileged
def test_what_is_in_use_stays(kernel: Kernel, place: str) -> None:
    procfs.mount(place)
    fd = kernel.open(f"{place}/{kernel.getpid()}/map", 0)
    with pytest.raises(KernelError, match="EBUSY"):
        procfs.unmount(place)
    procfs.unmount(place, UnmountFlags.MNT_FORCE)
    with pytest.raises(KernelError, match="EIO"):
        kernel.read(fd, 10)
    kernel.close(fd)
    with pytest.raises(KernelError, match="EINVAL"):
        procfs.unmount(place)
    procfs.mount(place)
    fsid = procfs.statfs(place).fsid
    assert fsid is not None
    procfs.unmount(f"FSID:{fsid[0]}:{fsid[1]}", UnmountFlags.MNT_BYFSID)
    assert procfs.statfs(place).mounted_on != place


def test_misuse(kernel: Kernel) -> None:
    for call in (lambda: procfs.mount(7), lambda: procfs.mount("/", 1),   # type: ignore[arg-type]
                 lambda: procfs.unmount(b"/"), lambda: procfs.unmount("/", 1),  # type: ignore[arg-type]
                 lambda: procfs.statfs(None)):      # type: ignore[arg-type]
        with pytest.raises(TypeError):
            call()
    for path in ("/\0", "\0"):
        with pytest.raises(ValueError):
            procfs.mount(path)
        with pytest.raises(ValueError):
            procfs.unmount(path)
        with pytest.raises(ValueError):
            procfs.statfs(path)


@pytest.mark.slow
@pytest.mark.toolchain
def test_flags_are_those_of_the_header(tmp_path: Path) -> None:
    """<sys/mount.h>, as ziglang carries it."""
    source = tmp_path / "mount.c"
    source.write_text("#include <sys/param.h>\n#include <sys/mount.h>\n")
    env = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(tmp_path), "ZIG_LOCAL_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-freebsd", "-E", "-dM",
         str(source)],
        env=env, check=True, capture_output=True, text=True,
    )
    stated = {name: int(value, 16) for name, value in re.findall(
        r"^#define\s+(MNT_\w+)\s+(0x[0-9a-fA-F]+)ULL\b", done.stdout, re.M)}
    unmounting = UnmountFlags.__members__
    alone = set(unmounting) - {"MNT_FORCE"}
    assert {name: flag.value for name, flag in MountFlags.__members__.items()} == {
        name: value for name, value in stated.items() if name not in alone}
    assert {name: flag.value for name, flag in unmounting.items()} == {
        name: stated[name] for name in unmounting}
