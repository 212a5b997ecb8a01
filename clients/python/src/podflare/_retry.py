"""How often a request is retried, and after which time."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a client retries requests. Only requests that are safe to repeat are retried.

    >>> Client(retry=RetryPolicy(retries=2, resumes=20))
    """

    retries: int = 4
    """Retries of a request that got no answer, or a temporary refusal (429, 502, 503, 504)."""
    resumes: int = 10
    """Consecutive attempts to continue a broken stream. A new event resets the count."""
    first_delay_seconds: float = 0.1
    """The delay before the first retry. It doubles with each attempt; up to half of it is random."""
    max_delay_seconds: float = 5.0
    """The longest delay, unless the server asks for a longer one."""
    max_retry_after_seconds: float = 60.0
    """If the server asks for a longer delay than this, the error is raised at once, with ``retry_after``."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"{field.name} must be a number, not {type(value).__name__}")
            if value < 0:
                raise ValueError(f"{field.name} must not be negative")

    @classmethod
    def none(cls) -> RetryPolicy:
        """A policy without any retries."""
        return cls(retries=0, resumes=0)


class Budget:
    """A number of attempts, and the delays between them."""

    def __init__(self, attempts: int, policy: RetryPolicy) -> None:
        self.attempts = attempts
        self.used = 0
        self._policy = policy

    def reset(self) -> None:
        self.used = 0

    def spend(self, retry_after: float | None = None) -> float | None:
        """Returns the seconds to wait before the next attempt, never less than the server asks for. None if no attempt is left."""
        policy = self._policy
        if self.used >= self.attempts or (retry_after or 0) > policy.max_retry_after_seconds:
            return None
        # The exponent is limited because a larger one would overflow; the delay has reached its maximum long before.
        delay = min(policy.max_delay_seconds, policy.first_delay_seconds * 2.0 ** min(self.used, 30))
        self.used += 1
        # Clients that were disconnected together must not return together.
        jittered = delay * random.uniform(0.5, 1.0)
        return jittered if retry_after is None else retry_after + jittered
