"""Checks of arguments. Each error names the argument, and says what was probably meant."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, Optional, TypeVar

T = TypeVar("T")

HOME = "/root"

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


def milliseconds(name: str, value: Any) -> int | None:
    """Unix milliseconds of a time."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime, not {type(value).__name__}")
    return math.floor(value.timestamp() * 1000)


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


def key_identifier(value: Any) -> str:
    """The id of an API key. A secret must not become part of a URL, which servers and proxies log."""
    if isinstance(value, str) and value.startswith(_KEY_PREFIXES):
        raise ValueError("key_id must be the id of a key, such as key_…, not its secret")
    return identifier("key_id", value, "key_")


def egress(value: Any) -> bool | dict[str, list[str]] | None:
    """True, False, or the hosts that a sandbox can reach."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"egress must be True, False or a list of host names, not {value!r}")
    hosts = [text("egress", host) for host in value]
    if not hosts:
        raise ValueError("egress must be a list of at least one host name; use False for no network access")
    return {"allow": hosts}


def seconds(name: str, value: Any, *, least: float | None = None, most: float | None = None) -> float | None:
    """A positive number, or one between two limits."""
    if value is None:
        return None
    if isinstance(value, timedelta):
        raise TypeError(f"{name} must be a number of seconds, not timedelta: use .total_seconds()")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    # An int stays one: JSON shows 60 and not 60.0.
    number = value if isinstance(value, int) else float(value)
    if least is not None and most is not None:
        if not least <= number <= most:
            raise ValueError(f"{name} must be between {least} and {most} seconds, not {value}")
    elif not (number > 0 and math.isfinite(number)):
        raise ValueError(f"{name} must be a positive number of seconds, not {value}")
    return number


def whole(name: str, value: Any, unit: str, *, least: int = 1, most: int | None = None) -> int | None:
    if value is None:
        return None
    if type(value) is not int:
        raise TypeError(f"{name} must be an int ({unit}), not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be at least {least} ({unit}), not {value}")
    if most is not None and value > most:
        raise ValueError(f"{name} must be at most {most} ({unit}), not {value}")
    return value


def flag(name: str, value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {value!r}")
    return value


def word(name: str, value: Any, *words: str) -> str | None:
    if value is not None and text(name, value) not in words:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, words))}, not {value!r}")
    return value  # type: ignore[no-any-return]


def texts(name: str, pairs: Any, *, nullable: bool = False) -> dict[str, str | None] | None:
    if pairs is None:
        return None
    if not isinstance(pairs, Mapping):
        raise TypeError(f"{name} must be a mapping of str to str, such as {{'NAME': 'value'}}, not {type(pairs).__name__}")
    for key, value in pairs.items():
        if not isinstance(key, str):
            raise TypeError(f"the keys of {name} must be str, not {type(key).__name__}")
        if not isinstance(value, str) and not (nullable and value is None):
            raise TypeError(f"{name}[{key!r}] must be a str, not {type(value).__name__}")
    return dict(pairs)


def words(name: str, values: Any) -> list[str]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of str, not {values!r}")
    found = [text(name, value) for value in values]
    if not found:
        raise ValueError(f"{name} must not be empty")
    return found


def absolute_path(path: str) -> str:
    """The absolute path of a file in a sandbox. A relative path starts in the home folder, as it does for code in the sandbox.

    Raises ValueError for ``..``: the part before it may be a link, so only the sandbox could resolve it.
    """
    if isinstance(path, PurePath):
        raise TypeError(f"path must be a str, not {type(path).__name__}: it names a file in the sandbox, use str(…) or .as_posix()")
    text("path", path)
    if not path or "\0" in path:
        raise ValueError("path must not be empty or contain a NUL character")
    parts = [part for part in (path if path.startswith("/") else f"{HOME}/{path}").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"path must not contain '..': {path!r}")
    return "/" + "/".join(parts)


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
