"""Sphinx configuration."""

from __future__ import annotations

from importlib.metadata import version as installed_version
from inspect import getdoc

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bsdproc.tools import surface
from bsdproc.typed.record import Field
from bsdproc.typed.registers import Bank, Register

project = "bsdproc"
author = "the bsdproc authors"
copyright = "2026, the bsdproc authors"
release = version = installed_version("bsdproc")

extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "BSD process control from Python", "page_width": "1080px"}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
nitpicky = False
# Records have fields called `type`, and annotations the builtin.
suppress_warnings = ["ref.python"]


class CNames(SphinxDirective):
    """``.. c-names:: freebsd``: a system's C names and the Python for each, as a table."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        lines = [".. list-table::", "   :header-rows: 1", "", "   * - C", "     - Python"]
        for row in surface.entries(self.arguments):
            machine = f" ({row.machine})" if row.machine else ""
            lines += [f"   * - ``{row.name}``{machine}", f"     - ``{row.python}``"]
        return self.parse_text_to_nodes("\n".join(lines))


def skip_elsewhere(app: Sphinx, what: str, name: str, member: object, skip: bool,
                   options: object) -> bool | None:
    """Modules export what their functions take and give; constants, registers and signals
    are described once, with the module that they are of."""
    if not isinstance(member, type):
        return None
    home = ".".join(member.__module__.split(".")[:3])
    here = app.env.temp_data.get("autodoc:module") or ""
    elsewhere = home.endswith((".constants", ".registers", ".siginfo"))
    return True if elsewhere and not here.startswith(home) else None


def own_words(app: Sphinx, what: str, name: str, member: object, options: object,
              lines: list[str]) -> None:
    """What autodoc takes from elsewhere goes: what a kind of field says of all its fields, and
    what namedtuple does.  A record's field begins with its C name and its type instead, a
    register with its place in the struct."""
    if isinstance(member, Field | Register | Bank):
        said = [] if "\n".join(lines).strip() == getdoc(type(member)) else lines[:]
        place = (f"``{member.cname}``, {member.type_name()}" if isinstance(member, Field)
                 else f"``{member.place() or name.rpartition('.')[2]}``")
        lines[:] = [place, "", *said]
    elif lines and lines[0].startswith("Alias for field number"):
        lines.clear()


def setup(app: Sphinx) -> None:
    app.add_directive("c-names", CNames)
    app.connect("autodoc-skip-member", skip_elsewhere)
    app.connect("autodoc-process-docstring", own_words)
