"""A small stand-in for `IPython.display`, because programs import it out of habit. An installed IPython takes precedence."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import sys
from importlib.machinery import ModuleSpec

from podflare_guest.repl.after_import import FILE

_SYS = sys
_PACKAGES = ("IPython", "IPython.core")
_MODULES = (*_PACKAGES, "IPython.display", "IPython.core.display")
_CALLERS = ("__main__", "PIL.ImageShow")


class Shown:
    """Data with one representation."""

    _form = "text/plain"

    def __init__(self, data: object = None, filename: str | None = None, **more: object) -> None:
        if data is None and filename is not None:
            with open(filename, "rb") as file:
                data = file.read()
            if not self._form.startswith("image/") or self._form.endswith("+xml"):
                data = data.decode()  # type: ignore[attr-defined]
        self.data = data

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {self._form: self.data}


class HTML(Shown):
    _form = "text/html"


class Markdown(Shown):
    _form = "text/markdown"


class Latex(Shown):
    _form = "text/latex"


class SVG(Shown):
    _form = "image/svg+xml"


class JSON(Shown):
    _form = "application/json"


class Image(Shown):
    _form = "image/png"

    def __init__(self, data: object = None, filename: str | None = None, format: str | None = None, **more: object) -> None:
        # As IPython does: a text is the name of a file.
        if isinstance(data, str):
            data, filename = None, data
        super().__init__(data, filename)
        jpeg = (format or filename or "").lower().endswith(("jpg", "jpeg")) or isinstance(self.data, bytes) and self.data[:3] == b"\xff\xd8\xff"
        self._form = "image/jpeg" if jpeg else "image/png"


class IPythonFinder:
    """For code of the program itself, and for Pillow's `image.show()`: other libraries that look for IPython do not find it before one of these has imported it."""

    def __init__(self, display: object) -> None:
        """`display`: the built-in one."""
        self._display = display

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name not in _MODULES:
            return None
        caller = _SYS._getframe(1)
        while caller is not None and ("importlib" in caller.f_code.co_filename or caller.f_code.co_filename == FILE):
            caller = caller.f_back  # type: ignore[assignment]
        if "IPython" not in _SYS.modules and (caller is None or caller.f_globals.get("__name__") not in _CALLERS):
            return None
        return ModuleSpec(name, self, is_package=name in _PACKAGES)  # type: ignore[arg-type]

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        names = module.__dict__
        if module.__name__ == "IPython":  # type: ignore[attr-defined]
            names.update(get_ipython=lambda: None, version_info=(0, 0, 0), __version__="0.0.0")
        elif names["__name__"].endswith("display"):
            names.update(display=self._display, clear_output=lambda wait=False: None)
            names.update({kind.__name__: kind for kind in (HTML, Markdown, Latex, SVG, JSON, Image)})
