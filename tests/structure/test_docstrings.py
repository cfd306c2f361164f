"""Every function that asks a kernel says what it does and which manual page knows more."""

from __future__ import annotations

import re
from importlib import import_module
from inspect import getdoc, isfunction, signature

import pytest

PAGE = re.compile(r"\b[a-z]+\(\d\)(;\s\w+)?\.$")
"""At its end, and with it perhaps the kernel's function."""
PACKAGES = [
    f"bsdproc.{name}" for name in (
        "freebsd.ptrace", "freebsd.procctl", "freebsd.kinfo", "freebsd.procfs",
        "netbsd.ptrace", "netbsd.kinfo",
        "dragonfly.ptrace", "dragonfly.procctl", "dragonfly.kinfo", "dragonfly.procfs",
    )
]
"""NetBSD's procfs has no page of its own but mount_procfs(8), which its package names."""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_function_names_its_manual_page(package: str) -> None:
    module = import_module(package)
    public: list[str] = module.__all__
    asking = {name: value for name in public if isfunction(value := getattr(module, name))
              and "kernel" in signature(value).parameters}
    assert asking
    wanting = [name for name, value in asking.items()
               if not PAGE.search((getdoc(value) or "").rstrip())]
    assert not wanting
