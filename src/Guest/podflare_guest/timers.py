"""Named timers: setting one again moves it."""

from __future__ import annotations

from time import monotonic

from podflare_guest.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Timers:
    def __init__(self) -> None:
        self._due: dict[str, tuple[float, Callable[[], None]]] = {}

    def set(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        self._due[name] = (monotonic() + seconds, action)

    def set_earlier(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        """Sets the timer unless it is due before that already."""
        if name not in self._due or self._due[name][0] > monotonic() + seconds:
            self.set(name, seconds, action)

    def cancel(self, name: str) -> None:
        self._due.pop(name, None)

    def wait_seconds(self) -> float:
        """Time to the next timer; -1, which epoll takes for ever, without one."""
        if not self._due:
            return -1
        return max(0.0, min(due for due, _ in self._due.values()) - monotonic())

    def fire(self) -> None:
        now = monotonic()
        for name, (due, action) in list(self._due.items()):
            # An earlier action of this round may have moved or cancelled the timer.
            if due <= now and self._due.get(name) == (due, action):
                del self._due[name]
                action()
