"""mount, nmount, unmount and statvfs of the port: a procfs of one's own.

Numbers are FreeBSD's.  The rules are those of its vfs_mount.c and pseudofs.c, in
the order of their checks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from bsdproc.kernel import Kernel, KernelError

MNT_RDONLY, MNT_NOSUID, MNT_LOCAL, MNT_ROOTFS = 1, 8, 0x1000, 0x4000
MNT_UPDATE, MNT_RELOAD, MNT_FORCE = 0x10000, 0x40000, 0x80000
MNT_NONBUSY, MNT_BYFSID = 0x4000000, 0x8000000
O_RDONLY = 0

pytestmark = pytest.mark.privileged


def options(path: str, *more: bytes, fstype: str = "procfs") -> list[bytes]:
    return [b"fstype\0", fstype.encode() + b"\0", b"fspath\0", os.fsencode(path) + b"\0", *more]


def refused(call: Callable[[], object]) -> tuple[str, str, str | None]:
    with pytest.raises(KernelError) as caught:
        call()
    return caught.value.name, caught.value.call, caught.value.request


@pytest.fixture
def place(kernel: Kernel) -> Iterator[str]:
    """A directory to mount on, with nothing mounted at the end."""
    path = f"/tmp/bsdproc-mount-{kernel.getpid()}"
    kernel.mkdir(path)
    yield path
    while kernel.statvfs(path).mounted_on == path:
        kernel.unmount(path, MNT_FORCE)
    kernel.rmdir(path)


@pytest.fixture
def mounted(kernel: Kernel, place: str) -> str:
    kernel.nmount(options(place), 0)
    return place


def test_a_procfs_where_one_likes(kernel: Kernel, mounted: str) -> None:
    found = kernel.statvfs(f"{mounted}/{kernel.getpid()}/map")
    assert found == kernel.statvfs(mounted)
    assert (found.fstype, found.mounted_from, found.mounted_on) == ("procfs", "procfs", mounted)
    assert (found.bsize, found.frsize, found.iosize) == (4096, 4096, 4096)
    assert (found.blocks, found.bfree, found.bavail) == (1, 0, 0)
    assert (found.files, found.ffree, found.namemax) == (1, 0, 255)
    assert (found.flags, found.owner) == (MNT_LOCAL, kernel.caller().uid)
    first, second = found.fsid
    assert (first & 0xFF00FF00, second) == (0x0200FF00, 2)
    assert str(kernel.getpid()) in kernel.listdir(mounted)
    kernel.unmount(mounted)
    assert kernel.listdir(mounted) == []
    assert kernel.statvfs(mounted).mounted_on != mounted


def test_every_mount_has_an_id_of_its_own(kernel: Kernel, mounted: str) -> None:
    first = kernel.statvfs(mounted).fsid
    kernel.nmount(options(mounted), 0)      # over the first one's root
    assert kernel.statvfs(mounted).fsid != first
    kernel.unmount(mounted)
    assert kernel.statvfs(mounted).fsid == first


def test_flags_that_stay(kernel: Kernel, place: str) -> None:
    kernel.nmount(options(place, b"ro\0", b"", b"nosuid\0", b""), 0)
    assert kernel.statvfs(place).flags == MNT_LOCAL | MNT_RDONLY | MNT_NOSUID
    kernel.unmount(place)
    kernel.nmount(options(place, b"ro\0", b"", b"rw\0", b""), MNT_NOSUID | MNT_ROOTFS)
    assert kernel.statvfs(place).flags == MNT_LOCAL | MNT_NOSUID


def test_the_old_way(kernel: Kernel, place: str) -> None:
    assert kernel.mount("procfs", place, MNT_RDONLY) == 0
    assert kernel.statvfs(place).flags == MNT_LOCAL | MNT_RDONLY
    assert refused(lambda: kernel.mount("nosuchfs", place, 0)) == ("ENOENT", "mount", place)
    assert refused(lambda: kernel.mount("x" * 16, place, 0))[0] == "ENAMETOOLONG"


@pytest.mark.parametrize(("iov", "name"), [
    ([b"fstype\0", b"procfs\0"], "EINVAL"),
    ([b"fstype\0", b"procfs\0", b"fspath\0"], "EINVAL"),
    ([b"fstype", b"procfs\0", b"fspath\0", b"/proc\0"], "EINVAL"),
    ([b"fstype\0", b"procfs", b"fspath\0", b"/proc\0"], "EINVAL"),
    ([b"fstype\0", b"procfs\0", b"fspath\0", b""], "EINVAL"),
    ([b"fstype\0", b"procfs\0", b"from\0", b"x\0"], "EINVAL"),
    (options("/x" * 512), "ENAMETOOLONG"),
    (options("/proc", fstype="x" * 16), "ENAMETOOLONG"),
    (options("/no/such/directory"), "EINVAL"),
    (options("/proc", fstype="nosuchfs"), "EINVAL"),
    (options("/proc", b"x\0", bytes(65536)), "EINVAL"),
    (options("/proc", *[b"x\0", b""] * 511), "EINVAL"),
], ids=["one pair", "odd", "a name without NUL", "a type without NUL", "no path's text",
        "no path", "a long path", "a long type", "no such path", "no such type", "much", "many"])
def test_what_nmount_refuses(kernel: Kernel, iov: list[bytes], name: str) -> None:
    assert refused(lambda: kernel.nmount(iov, 0))[:2] == (name, "nmount")


def test_the_kernel_says_what_it_dislikes(kernel: Kernel, place: str) -> None:
    for more, text in (({"fstype": "nosuchfs"}, b"Invalid fstype"), ({}, b"Invalid fspath")):
        said = kernel.buffer(64)
        iov = [*options(place, **more), b"errmsg\0", said]
        if not more:
            iov[3] = b"/tmp"
        assert refused(lambda iov=iov: kernel.nmount(iov, 0))[0] == "EINVAL"  # type: ignore[misc]
        assert said.read().rstrip(b"\0") == text


def test_only_on_a_directory(kernel: Kernel, place: str, tracee: Callable[[str], str]) -> None:
    assert refused(lambda: kernel.nmount(options(tracee("spin")), 0))[0] == "ENOTDIR"
    kernel.mkdir(f"{place}/in")
    assert refused(
        lambda: kernel.nmount(options(place, b"emptydir\0", b""), 0))[0] == "ENOTEMPTY"
    kernel.rmdir(f"{place}/in")
    kernel.nmount(options(place, b"emptydir\0", b""), 0)
    assert refused(lambda: kernel.nmount(options(place, b"nocover\0", b""), 0))[0] == "EBUSY"


def test_a_procfs_is_not_changed(kernel: Kernel, mounted: str) -> None:
    update = options(mounted, b"update\0", b"")
    assert refused(lambda: kernel.nmount(update, MNT_RDONLY))[0] == "EOPNOTSUPP"
    assert refused(lambda: kernel.nmount(update, MNT_RELOAD))[0] == "EOPNOTSUPP"
    within = options(f"{mounted}/{kernel.getpid()}")
    assert refused(lambda: kernel.nmount(within, MNT_UPDATE))[0] == "EINVAL"
    exported = options(f"{mounted}/{kernel.getpid()}", b"export\0", b"")
    assert refused(lambda: kernel.nmount(exported, MNT_UPDATE))[0] == "EINVAL"
    assert kernel.statvfs(mounted).flags == MNT_LOCAL


def test_only_root_mounts(kernel: Kernel, mounted: str) -> None:
    calls: dict[str, Callable[[Kernel], object]] = {
        "nmount": lambda k: k.nmount(options(mounted), 0),
        "mount": lambda k: k.mount("procfs", mounted, 0),
        "unmount": lambda k: k.unmount(mounted),
    }
    for name, call in calls.items():
        with pytest.raises(PermissionError) as caught:
            kernel.run_child(call, uid=1001)
        assert isinstance(caught.value, KernelError)
        assert (caught.value.name, caught.value.call) == ("EPERM", name)
    # The id is for root's eyes, the rest is for all.
    seen = kernel.run_child(lambda k: k.statvfs(mounted), uid=1001)
    assert seen == kernel.statvfs(mounted)._replace(fsid=(0, 0))


def test_users_may_be_let(kernel: Kernel, place: str) -> None:
    """vfs.usermount: whoever owns the directory mounts there, without set-id programs."""
    before = kernel.sysctl("vfs.usermount")
    kernel.sysctl("vfs.usermount", new=(1).to_bytes(4, "little"))
    try:
        with pytest.raises(PermissionError):
            kernel.run_child(lambda k: k.nmount(options(place), 0), uid=1001)
        kernel.chown(place, 1001, 1001)
        kernel.run_child(lambda k: k.nmount(options(place), 0), uid=1001)
        found = kernel.statvfs(place)
        assert (found.owner, found.flags) == (1001, MNT_LOCAL | MNT_NOSUID | 0x8000)
        with pytest.raises(PermissionError):
            kernel.run_child(lambda k: k.unmount(place), uid=1002)
        kernel.run_child(lambda k: k.unmount(place), uid=1001)
    finally:
        kernel.sysctl("vfs.usermount", new=before)


def test_nothing_is_mounted_there(kernel: Kernel, place: str) -> None:
    for path in (place, "/no/such/path", "/"):
        assert refused(lambda path=path: kernel.unmount(path)) == (  # type: ignore[misc]
            "EINVAL", "unmount", path)
    assert refused(lambda: kernel.unmount("/" * 1024))[0] == "ENAMETOOLONG"
    assert refused(lambda: kernel.unmount("FSID:1", MNT_BYFSID))[0] == "EINVAL"
    assert refused(lambda: kernel.unmount("FSID:1:1", MNT_BYFSID))[0] == "ENOENT"


def test_unmounted_by_its_id(kernel: Kernel, mounted: str) -> None:
    first, second = kernel.statvfs(mounted).fsid
    kernel.unmount(f"FSID:{first}:{second}", MNT_BYFSID)
    assert kernel.statvfs(mounted).mounted_on != mounted


def test_an_open_file_holds_it(kernel: Kernel, mounted: str) -> None:
    fd = kernel.open(f"{mounted}/{kernel.getpid()}/status", O_RDONLY)
    try:
        assert refused(lambda: kernel.unmount(mounted))[0] == "EBUSY"
        assert refused(lambda: kernel.unmount(mounted, MNT_NONBUSY | MNT_FORCE))[0] == "EBUSY"
        kernel.unmount(mounted, MNT_FORCE)
        assert refused(lambda: kernel.read(fd, 100))[0] == "EIO"
    finally:
        kernel.close(fd)


def test_a_directory_that_somebody_is_in_holds_it(
    kernel: Kernel, mounted: str, tracee: Callable[[str], str]
) -> None:
    pid = kernel.spawn(tracee("spin"), ["spin"], {}, cwd=mounted)
    assert refused(lambda: kernel.unmount(mounted))[0] == "EBUSY"
    # MNT_NONBUSY leaves the root out of its count; the flush does not.
    assert refused(lambda: kernel.unmount(mounted, MNT_NONBUSY))[0] == "EBUSY"
    kernel.kill(pid, 9)
    kernel.wait4(pid)
    kernel.unmount(mounted, MNT_NONBUSY)


@pytest.mark.parametrize("call", [
    lambda k: k.nmount(["fstype"], 0),
    lambda k: k.nmount(options("/proc"), 1 << 32),
    lambda k: k.mount("a\0b", "/", 0),
    lambda k: k.mount("procfs", "/", 0, -1),
    lambda k: k.mount("procfs", "/", 0, 0, -1),
    lambda k: k.unmount(7),
    lambda k: k.unmount("/", 1 << 40),
    lambda k: k.statvfs("\0"),
])
def test_misuse_is_refused_before_the_kernel_sees_it(
        kernel: Kernel, call: Callable[[Kernel], object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        call(kernel)
