"""What the tests of amd64's part of the kernel share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bsdproc.emulator import FreeBSD

from .programs import Running, Start, narrow_file, program_file


@pytest.fixture
def start() -> Iterator[Start]:
    """start(code, data): a program of these bytes, stopped at its first instruction."""
    with FreeBSD() as kernel:
        count = 0

        def begin(code: str | bytes, data: bytes = b"", *, argv: tuple[str, ...] = ("program",),
                  env: dict[str, str] | None = None, traced: bool = True, uid: int | None = None,
                  narrow: bool = False, **options: int) -> Running:
            nonlocal count
            count += 1
            path = f"/bin/program{count}"
            raw = bytes.fromhex(code) if isinstance(code, str) else code
            image = narrow_file(raw, data) if narrow else program_file(raw, data, **options)
            kernel.install(path, image)
            pid = kernel.spawn(path, argv, env, traced=traced, uid=uid)
            if traced:
                assert kernel.wait4(pid).status == 0x57F
            return Running(kernel, pid)

        yield begin
