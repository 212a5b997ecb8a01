"""System calls that the standard library does not have: prctl and Landlock."""

from __future__ import annotations

import ctypes
import os
import struct

PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_WRITE_FILE = 1 << 1
# Renaming and linking from one folder into another is refused in any domain that does not handle it.
_REFER = 1 << 13
_FIRST_VERSION_WITH_REFER = 2


def prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class WriteRestriction:
    """Lets a process open files for writing below some folders only, and with it all that it starts.

    The rest of the container is read-only anyway, except /proc: there a process could lower its own oom_score_adj, so that the kernel kills the supervisor
    before it. A kernel without Landlock does not have this protection.
    """

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._ruleset = -1
        self._libc = ctypes.CDLL(None, use_errno=True)
        try:
            self._ruleset = self._create(folders)
        except OSError:
            pass

    @property
    def available(self) -> bool:
        return self._ruleset >= 0

    def apply(self) -> None:
        """For the calling process, for good."""
        if self._ruleset >= 0:
            prctl(_PR_SET_NO_NEW_PRIVS, 1)
            self._call(_RESTRICT_SELF, self._ruleset, 0)

    def _create(self, folders: tuple[str, ...]) -> int:
        if self._call(_CREATE_RULESET, None, 0, _VERSION) < _FIRST_VERSION_WITH_REFER:
            return -1
        handled = struct.pack("=Q", _WRITE_FILE | _REFER)
        ruleset = self._call(_CREATE_RULESET, handled, len(handled), 0)
        os.set_inheritable(ruleset, False)
        for folder in folders:
            try:
                descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                self._call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", _WRITE_FILE | _REFER, descriptor), 0)
            finally:
                os.close(descriptor)
        return ruleset

    def _call(self, number: int, *arguments: int | bytes | None) -> int:
        values = [ctypes.c_char_p(value) if not isinstance(value, int) else ctypes.c_long(value) for value in arguments]
        result = int(self._libc.syscall(ctypes.c_long(number), *values))
        if result < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return result
