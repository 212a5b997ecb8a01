"""Checks of arguments. Each error names the argument, and says what was probably meant."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Optional, TypeVar

T = TypeVar("T")

_KEY_PREFIXES = ("pf_live_",)


def one_of(name: str, value: Optional[T], alias: str, other: Optional[T]) -> Optional[T]:
    """The value of an argument that has two names."""
    if value is not None and other is not None:
        raise TypeError(f"{name} and {alias} are the same argument: pass one of them")
    return other if value is None else value


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return value


def code(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        raise TypeError(f"code must be a str, not {type(value).__name__}: decode it first")
    if hasattr(value, "read_text"):
        raise TypeError(f"code must be a str, not {type(value).__name__}: pass the file's content, for example Path(…).read_text()")
    return text("code", value)


def template(value: Any) -> str | None:
    if value is None:
        return None
    name = text("template", value)
    if "://" in name:
        raise ValueError(f"template must be the name of a template, not an address: use Sandbox(host={name!r})")
    if name.startswith("sbx_"):
        raise ValueError(f"template must be the name of a template, not the id of a sandbox: use Sandbox.attach({name!r})")
    if name.startswith(_KEY_PREFIXES):
        raise ValueError("template must be the name of a template, not an API key: use Sandbox(api_key=…)")
    return name


def identifier(name: str, value: Any, prefix: str) -> str:
    """The id of a sandbox (``sbx_…``) or a run (``run_…``)."""
    if hasattr(value, "id") or hasattr(value, "run_id"):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}: pass its {'id' if hasattr(value, 'id') else 'run_id'}")
    found = text(name, value)
    # "." and ".." would name another route.
    if not found.strip("."):
        raise ValueError(f"{name} must be an id such as {prefix}…, not {found!r}")
    if "://" in found:
        raise ValueError(f"{name} must be an id such as {prefix}…, not an address; the address goes into host=…")
    if found.startswith(("sbx_", "run_")) and not found.startswith(prefix):
        raise ValueError(f"{name} must be an id such as {prefix}…, not {found!r}")
    return found


def seconds(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, timedelta):
        raise TypeError(f"{name} must be a number of seconds, not timedelta: use .total_seconds()")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    # An int stays one: JSON shows 60 and not 60.0.
    number = value if isinstance(value, int) else float(value)
    if not (number > 0 and math.isfinite(number)):
        raise ValueError(f"{name} must be a positive number of seconds, not {value}")
    return number


def whole(name: str, value: Any, unit: str, *, least: int = 1) -> int | None:
    if value is None:
        return None
    if type(value) is not int:
        raise TypeError(f"{name} must be an int ({unit}), not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be at least {least} ({unit}), not {value}")
    return value


def flag(name: str, value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {value!r}")
    return value


def texts(name: str, pairs: Any) -> dict[str, str] | None:
    if pairs is None:
        return None
    if not isinstance(pairs, Mapping):
        raise TypeError(f"{name} must be a mapping of str to str, such as {{'NAME': 'value'}}, not {type(pairs).__name__}")
    for key, value in pairs.items():
        if not isinstance(key, str):
            raise TypeError(f"the keys of {name} must be str, not {type(key).__name__}")
        if not isinstance(value, str):
            raise TypeError(f"{name}[{key!r}] must be a str, not {type(value).__name__}")
    return dict(pairs)


def shared_client(value: Any, kind: type[T], host: str | None, api_key: str | None) -> T | None:
    if value is None:
        return None
    if not isinstance(value, kind):
        hint = ""
        if type(value).__name__ in ("Client", "AsyncClient"):
            hint = f": use {'AsyncSandbox' if type(value).__name__ == 'AsyncClient' else 'Sandbox'} with it"
        raise TypeError(f"client must be a{'n' if kind.__name__ == 'AsyncClient' else ''} {kind.__name__}, not {type(value).__name__}{hint}")
    if host is not None or api_key is not None:
        raise ValueError("host and api_key belong to the client: pass either them or client")
    return value
