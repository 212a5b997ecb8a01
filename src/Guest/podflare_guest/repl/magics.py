"""What notebook lines do: shell commands and the supported magics."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import io
import os
import re
import sys
from time import perf_counter, process_time

from podflare_guest.repl.trusted_imports import import_trusted

SUPPORTED = "%cd %env %ls %matplotlib %pip %pwd %time %timeit, %%bash %%capture %%sh %%time %%timeit %%writefile"
_SHELL = next((path for path in ("/bin/bash", "/usr/bin/bash") if os.path.exists(path)), "/bin/sh")
_VARIABLE = re.compile(r"\$\$|\{([^{}\n]+)\}|\$([A-Za-z_]\w*)")
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_SYS = sys
_MISSING = object()


class UsageError(Exception):
    """A magic that does not exist or was used wrongly."""


UsageError.__module__ = "builtins"


class CapturedOutput:
    """What %%capture keeps."""

    def __init__(self, stdout: str, stderr: str) -> None:
        self.stdout = stdout
        self.stderr = stderr

    def __str__(self) -> str:
        return self.stdout

    def show(self) -> None:
        _SYS.stdout.write(self.stdout)
        _SYS.stderr.write(self.stderr)


class Magics:
    """Methods `line`, `cell`, `system` and `system_lines` are called by translated source."""

    def __init__(self, namespace: dict[str, object], run_cell: object) -> None:
        self._namespace = namespace
        self._run_cell = run_cell

    def system(self, command: str) -> None:
        self._call([_SHELL, "-c", self._expand(command)])

    def system_lines(self, command: str) -> list[str]:
        subprocess = import_trusted("subprocess")
        done = subprocess.run([_SHELL, "-c", self._expand(command)], stdout=subprocess.PIPE)  # type: ignore[attr-defined]
        self._namespace["_exit_code"] = done.returncode
        return done.stdout.decode("utf-8", "replace").splitlines()

    def line(self, name: str, rest: str) -> object:
        method = getattr(self, "_line_" + name, None)
        if method is None:
            raise UsageError(f"%{name} is not supported. Supported: {SUPPORTED}")
        return method(rest)

    def cell(self, name: str, rest: str, body: str) -> object:
        method = getattr(self, "_cell_" + name, None)
        if method is None:
            raise UsageError(f"%%{name} is not supported. Supported: {SUPPORTED}")
        return method(rest, body)

    # Line magics

    def _line_cd(self, rest: str) -> None:
        os.chdir(os.path.expanduser(self._expand(rest) or "~"))
        print(os.getcwd())

    def _line_pwd(self, rest: str) -> str:
        return os.getcwd()

    def _line_ls(self, rest: str) -> None:
        self.system("ls " + rest)

    def _line_env(self, rest: str) -> object:
        if not rest:
            return dict(os.environ)
        name, equals, value = rest.partition("=")
        if not equals:
            name, _, value = rest.partition(" ")
            if not value:
                return os.environ.get(name)
        os.environ[name.strip()] = self._expand(value.strip())
        print(f"env: {name.strip()}={os.environ[name.strip()]}")
        return None

    _line_set_env = _line_env

    def _line_matplotlib(self, rest: str) -> None:
        """Figures are shown in line already."""

    def _line_pip(self, rest: str) -> None:
        shlex = import_trusted("shlex")
        self._call([_SYS.executable, "-m", "pip", *shlex.split(self._expand(rest))])  # type: ignore[attr-defined]
        import_trusted("importlib").invalidate_caches()  # type: ignore[attr-defined]
        if self._namespace["_exit_code"]:
            find = import_trusted("importlib.util").find_spec  # type: ignore[attr-defined]
            if find("pip") is None:
                raise UsageError("%pip: this sandbox's Python has no pip")

    def _line_time(self, rest: str) -> object:
        return self._time(rest)

    def _line_timeit(self, rest: str) -> None:
        self._timeit(rest, "pass")

    # Cell magics

    def _cell_bash(self, rest: str, body: str) -> None:
        self._call([_SHELL, "-c", body])

    _cell_sh = _cell_bash

    def _cell_time(self, rest: str, body: str) -> object:
        return self._time(body)

    def _cell_timeit(self, rest: str, body: str) -> None:
        options, statement = _split_options(rest)
        self._timeit(options + body, statement or "pass")

    def _cell_capture(self, rest: str, body: str) -> None:
        stdout, stderr = io.StringIO(), io.StringIO()
        saved = _SYS.stdout, _SYS.stderr
        _SYS.stdout, _SYS.stderr = stdout, stderr
        try:
            self._run_cell(body)  # type: ignore[operator]
        finally:
            _SYS.stdout, _SYS.stderr = saved
            if rest:
                self._namespace[rest] = CapturedOutput(stdout.getvalue(), stderr.getvalue())

    def _cell_writefile(self, rest: str, body: str) -> None:
        append = rest.startswith("-a ")
        path = os.path.expanduser(rest[3:].strip() if append else rest)
        if not path:
            raise UsageError("%%writefile needs the name of a file")
        print(f"{'Appending to' if append else 'Overwriting' if os.path.exists(path) else 'Writing'} {path}")
        with open(path, "a" if append else "w", encoding="utf-8") as file:
            file.write(body)

    # Helpers

    def _call(self, command: list[str]) -> None:
        self._namespace["_exit_code"] = import_trusted("subprocess").call(command)  # type: ignore[attr-defined]

    def _expand(self, text: str) -> str:
        """{expression} and $name become values of the program; other names are left to the shell."""

        def replace(match: object) -> str:
            if match[0] == "$$":  # type: ignore[index]
                return "$"
            if match[1]:  # type: ignore[index]
                try:
                    return str(eval(match[1], self._namespace))  # type: ignore[index]
                except Exception:
                    return match[0]  # type: ignore[index]
            value = self._namespace.get(match[2], _MISSING)  # type: ignore[index]
            return match[0] if value is _MISSING else str(value)  # type: ignore[index]

        return _VARIABLE.sub(replace, text)  # type: ignore[arg-type]

    def _time(self, source: str) -> object:
        wall, cpu = perf_counter(), process_time()
        try:
            return self._run_cell(source)  # type: ignore[operator]
        finally:
            print(f"CPU times: {_duration(process_time() - cpu)}\nWall time: {_duration(perf_counter() - wall)}")

    def _timeit(self, rest: str, setup: str) -> None:
        options, statement = _split_options(rest)
        timer = import_trusted("timeit").Timer(statement, setup, globals=self._namespace)  # type: ignore[attr-defined]
        loops, repeats = _option(options, "n"), _option(options, "r") or 7
        loops = loops or timer.autorange()[0]
        times = [seconds / loops for seconds in timer.repeat(repeats, loops)]
        mean = sum(times) / len(times)
        deviation = (sum((seconds - mean) ** 2 for seconds in times) / len(times)) ** 0.5
        print(f"{_duration(mean)} ± {_duration(deviation)} per loop (mean ± std. dev. of {repeats} runs, {loops:,} loops each)")


def _split_options(text: str) -> tuple[str, str]:
    options = re.match(r"(?:-[nr] *\d+ *)*", text)[0]  # type: ignore[index]
    return options, text[len(options) :]


def _option(options: str, name: str) -> int:
    found = re.search(rf"-{name} *(\d+)", options)
    return int(found[1]) if found else 0


def _duration(seconds: float) -> str:
    scale, unit = next(((scale, unit) for scale, unit in _UNITS if seconds >= scale), _UNITS[-1])
    return f"{seconds / scale:.3g} {unit}"
