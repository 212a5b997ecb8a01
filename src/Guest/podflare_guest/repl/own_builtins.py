"""The guest's own copy of the built-in names.

A program may replace any of them. A module of the guest that binds `__builtins__` to this copy, before it defines anything, is not affected: a function
takes its built-in names from the globals that it is defined in.
"""

from __future__ import annotations

import builtins

BUILTINS = dict(vars(builtins))
