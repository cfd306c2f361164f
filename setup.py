"""What pyproject.toml cannot say: that the build generates modules with cffi."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

import build_ffi  # noqa: E402


class BuildPy(build_py):
    """The package's modules, and the generated layouts of every target.

    cffi's own `cffi_modules` would leave an editable installation without them: there they
    are generated in the checkout.
    """

    def run(self) -> None:
        super().run()
        build_ffi.write_layouts(ROOT / "src" if self.editable_mode else Path(self.build_lib))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        made = map(str, build_ffi.layout_paths(Path(self.build_lib)))
        return sorted({*super().get_outputs(include_bytecode), *made})


BSD = sys.platform.startswith(("freebsd", "netbsd", "dragonfly"))

if BSD and not entry_points(group="distutils.setup_keywords", name="cffi_modules"):
    # Setuptools would say no more than that it does not know the keyword.
    raise SystemExit("bsdproc's native module is built by cffi, which is not installed as a"
                     " distribution here: pip install cffi")

setup(
    cmdclass={"build_py": BuildPy},
    # The native module: for a BSD alone, against its own headers.
    cffi_modules=["build_ffi.py:native"] if BSD else [],
)
