"""The Unicorn library through cffi: the machine's only untyped boundary.

Unicorn's own Python binding spends more time on a single step than the
library itself, so its functions are called directly.  Numbers here are the
stable ones of ``unicorn.h`` and ``x86.h``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import cffi

UC_ARCH_X86 = 4
UC_MODE_64 = 1 << 3
UC_PROT_ALL = 7

UC_ERR_OK = 0
UC_ERR_INSN_INVALID = 10

UC_HOOK_INTR = 1 << 0
UC_HOOK_INSN = 1 << 1
UC_HOOK_CODE = 1 << 2
UC_HOOK_MEM_READ = 1 << 10
UC_HOOK_MEM_WRITE = 1 << 11

UC_X86_INS_CPUID = 113
UC_X86_INS_IN = 218
UC_X86_INS_OUT = 500
UC_X86_INS_RDTSC = 608
UC_X86_INS_RDTSCP = 609
UC_X86_INS_SYSCALL = 699
UC_X86_INS_SYSENTER = 700

_WRITE = 1


def _ctl(number: int, arguments: int) -> int:
    return number | arguments << 26 | _WRITE << 30


UC_CTL_USE_EXITS = _ctl(4, 1)
UC_CTL_TB_REMOVE_CACHE = _ctl(9, 2)
UC_CTL_TB_FLUSH = _ctl(10, 0)
UC_CTL_TCG_BUFFER_SIZE = _ctl(13, 1)

REGISTERS = {
    "rax": 35, "rbp": 36, "rbx": 37, "rcx": 38, "rdi": 39, "rdx": 40, "rip": 41,
    "rsi": 43, "rsp": 44, "rflags": 253,
    **{f"r{8 + i}": 106 + i for i in range(8)},
    "cs": 11, "ds": 17, "es": 28, "fs": 32, "gs": 33, "ss": 49,
    "fs_base": 250, "gs_base": 251,
    "cr0": 50, "cr2": 52, "cr3": 53, "cr4": 54,
    "dr0": 66, "dr1": 67, "dr2": 68, "dr3": 69, "dr6": 72, "dr7": 73,
    "fpcw": 246, "fpsw": 31, "fptag": 247, "fop": 258, "fip": 254, "fdp": 256, "mxcsr": 249,
    **{f"st{i}": 114 + i for i in range(8)},
    **{f"xmm{i}": 122 + i for i in range(16)},
    "gdtr": 243, "ldtr": 244, "tr": 245, "msr": 248,
}  # fmt: skip
"""UC_X86_REG_*."""

ffi = cffi.FFI()
ffi.cdef(
    """
    typedef struct uc_struct uc_engine;
    typedef struct uc_context uc_context;
    typedef struct { uint16_t selector; uint64_t base; uint32_t limit; uint32_t flags; } uc_x86_mmr;
    typedef struct { uint32_t rid; uint64_t value; } uc_x86_msr;
    unsigned int uc_version(unsigned int *, unsigned int *);
    const char *uc_strerror(int);
    int uc_open(int, int, uc_engine **);
    int uc_close(uc_engine *);
    int uc_ctl(uc_engine *, int, ...);
    int uc_emu_start(uc_engine *, uint64_t, uint64_t, uint64_t, size_t);
    int uc_emu_stop(uc_engine *);
    int uc_reg_read(uc_engine *, int, void *);
    int uc_reg_write(uc_engine *, int, const void *);
    int uc_reg_read_batch(uc_engine *, const int *, void **, int);
    int uc_reg_write_batch(uc_engine *, const int *, void *const *, int);
    int uc_mem_map_ptr(uc_engine *, uint64_t, size_t, uint32_t, void *);
    int uc_hook_add(uc_engine *, size_t *, int, void *, void *, uint64_t, uint64_t, ...);
    int uc_hook_del(uc_engine *, size_t);
    int uc_context_alloc(uc_engine *, uc_context **);
    int uc_context_free(uc_context *);
    size_t uc_context_size(uc_engine *);
    int uc_context_save(uc_engine *, uc_context *);
    int uc_context_restore(uc_engine *, uc_context *);
    """
)

_NAMES = {"darwin": "libunicorn.2.dylib", "win32": "unicorn.dll"}
_lib: Any = None


def _path() -> str:
    """The shared library inside the `unicorn` package, or wherever that finds it."""
    spec = importlib.util.find_spec("unicorn")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("emulated kernels need the package unicorn: install bsdproc[emulator]")
    for folder in spec.submodule_search_locations:
        path = Path(folder, "lib", _NAMES.get(sys.platform, "libunicorn.so.2"))
        if path.exists():
            return str(path)
    binding = importlib.import_module("unicorn.unicorn_py3.unicorn")
    return str(binding.uclib._name)


def library() -> Any:
    """libunicorn, loaded once."""
    global _lib
    if _lib is None:
        _lib = ffi.dlopen(_path())
    return _lib


def version() -> str:
    """The loaded library's, as "2.1.4"."""
    number = int(library().uc_version(ffi.NULL, ffi.NULL))
    return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8))


def error_text(code: int) -> str:
    """What Unicorn says of a uc_err."""
    text = ffi.string(library().uc_strerror(code))
    return text.decode() if isinstance(text, bytes) else text
