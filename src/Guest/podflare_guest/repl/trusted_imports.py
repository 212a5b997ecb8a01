"""Importing modules of the standard library that no file of the user can replace."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import builtins
import os
import sys

_import = __import__  # not from importlib, which costs every interpreter a third of a megabyte
_SYS = sys
_LIVE_BUILTINS = builtins.__dict__
_OWN_BUILTINS = __builtins__
_STDLIB = os.path.dirname(os.__file__)
_FOLDERS = [path for path in sys.path if path.startswith(_STDLIB) and "site-packages" not in path and "dist-packages" not in path or path.endswith(".zip")]
_FINDERS = list(sys.meta_path)
_MISSING = object()
_loaded: dict[str, object] = {}
_PREFIXES = tuple(path + "/" for path in _FOLDERS)


def import_trusted(name: str) -> object:
    """Imports a module of the standard library or of the guest, whatever the program has put into sys.path, sys.modules or the built-in names."""
    loaded = _loaded.get(name)
    if loaded is not None:
        return loaded
    modules = _SYS.modules
    foreign = {key: module for key, module in list(modules.items()) if key in _LIBRARY_NAMES and not is_library(module)}
    # The import system takes its built-in names from where the program can replace them.
    replaced = {key: _LIVE_BUILTINS.get(key, _MISSING) for key, own in _OWN_BUILTINS.items() if key != "print" and _LIVE_BUILTINS.get(key, _MISSING) is not own}
    saved_path, saved_finders, saved_write = _SYS.path, _SYS.meta_path, _SYS.dont_write_bytecode
    try:
        for key in replaced:
            _LIVE_BUILTINS[key] = _OWN_BUILTINS[key]
        for key in foreign:
            del modules[key]
        _SYS.path, _SYS.meta_path, _SYS.dont_write_bytecode = list(_FOLDERS), list(_FINDERS), True
        _import(name)
        _loaded[name] = loaded = modules[name]
        return loaded
    finally:
        _SYS.path, _SYS.meta_path, _SYS.dont_write_bytecode = saved_path, saved_finders, saved_write
        modules.update(foreign)
        for key, value in replaced.items():
            if value is _MISSING:
                del _LIVE_BUILTINS[key]
            else:
                _LIVE_BUILTINS[key] = value


# Those that the guest needs after programs have run, with what they import. The user may shadow any other module.
_LIBRARY_NAMES = frozenset(
    "traceback linecache textwrap contextlib collections collections.abc itertools functools re tokenize token keyword types codecs io os abc enum "
    "copyreg operator reprlib heapq ast warnings asyncio selectors base64 binascii json inspect dis opcode importlib importlib.machinery subprocess "
    "signal threading time shlex tempfile timeit getpass _colorize unicodedata struct math copy weakref string random socket ssl".split()
)


def is_library(module: object) -> bool:
    """Whether the module is one of the standard library, not of the user."""
    file = getattr(module, "__file__", None)
    return file is None or type(file) is str and file.startswith(_PREFIXES)
