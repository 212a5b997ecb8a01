"""Doing something to a module when the program imports it, without importing it before."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import sys

_SYS = sys
FILE = __file__  # as the frames of this module name it


class AfterImport:
    """First on sys.meta_path. It looks at names only, so it costs other imports nothing."""

    def __init__(self, name: str, action: object) -> None:
        """`action(module)` is called when the module has been executed."""
        self._name = name
        self._action = action
        self._searching = False

    def install(self) -> None:
        """A module that has been imported already is handed over now."""
        _SYS.meta_path.insert(0, self)  # type: ignore[arg-type]
        module = _SYS.modules.get(self._name)
        if module is not None:
            self._action(module)  # type: ignore[operator]

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name != self._name or self._searching:
            return None
        self._searching = True
        try:
            for finder in _SYS.meta_path:
                spec = None if finder is self else finder.find_spec(name, path, target)  # type: ignore[arg-type]
                if spec is not None and spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._action)  # type: ignore[assignment]
                    return spec
        finally:
            self._searching = False
        return None


class LazyFinder:
    """Last on sys.meta_path. It loads the finder of a package when the program first asks for the package."""

    def __init__(self, package: str, load: object) -> None:
        """`load()` returns the finder."""
        self._package = package
        self._load = load

    def install(self) -> None:
        _SYS.meta_path.append(self)  # type: ignore[arg-type]

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name != self._package and not name.startswith(self._package + "."):
            return None
        return self._load().find_spec(name, path, target)  # type: ignore[operator]


class _Loader:
    def __init__(self, inner: object, action: object) -> None:
        self._inner = inner
        self._action = action

    def create_module(self, spec: object) -> object:
        return self._inner.create_module(spec)  # type: ignore[attr-defined]

    def exec_module(self, module: object) -> None:
        module.__spec__.loader = module.__loader__ = self._inner  # type: ignore[attr-defined]
        self._inner.exec_module(module)  # type: ignore[attr-defined]
        self._action(module)  # type: ignore[operator]

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)
