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
_NAME = "matplotlib"


class Figures:
    """A back end of ours is the default; one that the program chooses is respected."""

    def __init__(self, display: object) -> None:
        self._display = display
        # The image may set one for child processes: only another value is a choice of the program's.
        self._image_choice = os.environ.get("MPLBACKEND", "")
        self._shown: set[int] = set()

    def install(self) -> None:
        _SYS.meta_path.insert(0, _Finder(self))  # type: ignore[arg-type]
        self._display.extra.append(self.represent)  # type: ignore[attr-defined]
        matplotlib = _SYS.modules.get(_NAME)
        if matplotlib is not None:
            self.choose_backend(matplotlib)

    def begin(self) -> None:
        self._shown.clear()

    def choose_backend(self, matplotlib: object) -> None:
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


class _Finder:
    """First on sys.meta_path. It looks at names only, so it costs other imports nothing."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._searching = False

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name == BACKEND_MODULE:
            return ModuleSpec(name, self)  # type: ignore[arg-type]
        if name != _NAME or self._searching:
            return None
        self._searching = True
        try:
            for finder in _SYS.meta_path:
                spec = None if finder is self else finder.find_spec(name, path, target)  # type: ignore[arg-type]
                if spec is not None and spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._figures)  # type: ignore[assignment]
                    return spec
        finally:
            self._searching = False
        return None

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        self._figures.backend(module)


class _Loader:
    """Chooses the back end when matplotlib has been imported."""

    def __init__(self, inner: object, figures: Figures) -> None:
        self._inner = inner
        self._figures = figures

    def create_module(self, spec: object) -> object:
        return self._inner.create_module(spec)  # type: ignore[attr-defined]

    def exec_module(self, module: object) -> None:
        module.__spec__.loader = module.__loader__ = self._inner  # type: ignore[attr-defined]
        self._inner.exec_module(module)  # type: ignore[attr-defined]
        self._figures.choose_backend(module)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)
