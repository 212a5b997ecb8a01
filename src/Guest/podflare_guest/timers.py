"""Timers with a key: setting one again moves it."""

from __future__ import annotations

from time import monotonic

from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class Timers:
    def __init__(self) -> None:
        self._due: dict[Hashable, tuple[float, Callable[[], None]]] = {}

    def set(self, key: Hashable, seconds: float, action: Callable[[], None]) -> None:
        self._due[key] = (monotonic() + seconds, action)

    def set_earlier(self, key: Hashable, seconds: float, action: Callable[[], None]) -> None:
        """Sets the timer unless it is due before that already."""
        if key not in self._due or self._due[key][0] > monotonic() + seconds:
            self.set(key, seconds, action)

    def cancel(self, key: Hashable) -> None:
        self._due.pop(key, None)

    def wait_seconds(self) -> float:
        """Time to the next timer; -1, which epoll understands as no limit, without one."""
        if not self._due:
            return -1
        return max(0.0, min([due for due, _ in self._due.values()]) - monotonic())

    def fire(self) -> None:
        now = monotonic()
        for key, timer in [item for item in self._due.items() if item[1][0] <= now]:
            # An earlier action of this round may have moved or cancelled the timer.
            if self._due.get(key) is timer:
                del self._due[key]
                timer[1]()
