"""matplotlib figures as results, without importing matplotlib before the program does."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import os
import sys
from importlib.machinery import ModuleSpec
from io import BytesIO

from podflare_guest.repl.representations import PLAIN, fits

BACKEND_MODULE = "podflare_figures"
_BACKEND = f"module://{BACKEND_MODULE}"
_PNG = "image/png"
# Of a figure that is too large: first at half of its resolution, then at a quarter.
_SCALES = (1.0, 0.5, 0.25)
_SYS = sys


class Figures:
    """A back end of ours is the default; one that the program chooses is respected."""

    def __init__(self, display: object, image_choice: str) -> None:
        """`image_choice`: the back end that the image sets for child processes. Only another value is a choice of the program's."""
        self._display = display
        self._image_choice = image_choice
        self._shown: set[int] = set()

    def install(self, matplotlib: object) -> None:
        _SYS.meta_path.insert(0, _BackendFinder(self))  # type: ignore[arg-type]
        self._display.extra.append(self.represent)  # type: ignore[attr-defined]
        self._choose_backend(matplotlib)

    def begin(self) -> None:
        self._shown.clear()

    def _choose_backend(self, matplotlib: object) -> None:
        """Makes ours the default, as if it were written in the configuration."""
        if os.environ.get("MPLBACKEND", "") != self._image_choice:
            return
        dict.__setitem__(matplotlib.rcParams, "backend", _BACKEND)  # type: ignore[attr-defined]
        pyplot = _SYS.modules.get("matplotlib.pyplot")
        if pyplot is not None and getattr(pyplot, "_backend_mod", None) is not None:
            pyplot.switch_backend(_BACKEND)

    def represent(self, value: object) -> dict[str, object] | None:
        module = _SYS.modules.get("matplotlib.figure")
        if module is None or not isinstance(value, module.Figure):
            return None
        self._shown.add(id(value))
        return {_PNG: _render(value)}

    def flush(self) -> None:
        """Shows and closes what is open, except what the program has displayed itself."""
        pyplot = _SYS.modules.get("matplotlib.pyplot")
        if pyplot is None or not self._display.enabled or dict.get(pyplot.rcParams, "backend") != _BACKEND:  # type: ignore[attr-defined]
            return
        helpers = _SYS.modules.get("matplotlib._pylab_helpers")
        figures = [manager.canvas.figure for manager in helpers.Gcf.get_all_fig_managers()] if helpers is not None else []
        for figure in figures:
            if id(figure) not in self._shown:
                self._display.send({PLAIN: repr(figure), _PNG: _render(figure)})  # type: ignore[attr-defined]
        pyplot.close("all")

    def backend(self, module: object) -> None:
        """Fills the module that matplotlib loads as its back end."""
        from matplotlib.backend_bases import FigureManagerBase
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        module.FigureCanvas, module.FigureManager = FigureCanvasAgg, FigureManagerBase  # type: ignore[attr-defined]
        module.show = lambda *arguments, **more: self.flush()  # type: ignore[attr-defined]


def _render(figure: object) -> bytes:
    dpi = figure.dpi  # type: ignore[attr-defined]
    data = b""
    for scale in _SCALES:
        buffer = BytesIO()
        figure.savefig(buffer, format="png", bbox_inches="tight", dpi=dpi * scale)  # type: ignore[attr-defined]
        data = buffer.getvalue()
        if fits(len(data)):
            break
    return data


class _BackendFinder:
    """Finds the module that matplotlib loads as its back end."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        return ModuleSpec(name, self) if name == BACKEND_MODULE else None  # type: ignore[arg-type]

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        self._figures.backend(module)
