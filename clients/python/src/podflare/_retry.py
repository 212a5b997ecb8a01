"""When something is repeated, and after which time."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a client repeats what is safe to repeat."""

    retries: int = 4
    """Repeats of a request that has no answer, or one that says: not now."""
    resumes: int = 10
    """Attempts to go on reading a broken stream. Only a new event resets this number."""
    first_delay_seconds: float = 0.1
    """Delays start here, double with each attempt, and vary by half."""
    max_delay_seconds: float = 5.0
    max_retry_after_seconds: float = 60.0
    """A server that asks for a longer wait is not waited for: the error is raised, with ``retry_after``."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(f"{field.name} must not be negative")

    @classmethod
    def none(cls) -> RetryPolicy:
        """Nothing is repeated."""
        return cls(retries=0, resumes=0)


class Budget:
    """A number of attempts, and the delays between them."""

    def __init__(self, attempts: int, policy: RetryPolicy) -> None:
        self._attempts = attempts
        self._policy = policy
        self._used = 0

    def reset(self) -> None:
        self._used = 0

    def spend(self, retry_after: float | None = None) -> float | None:
        """Returns the seconds to wait before the next attempt, never less than the server asks for; None when there is none left."""
        policy = self._policy
        if self._used >= self._attempts or (retry_after or 0) > policy.max_retry_after_seconds:
            return None
        # Beyond 2**30 the delay is at its limit anyway, and an exponent without one would overflow.
        delay = min(policy.max_delay_seconds, policy.first_delay_seconds * 2.0 ** min(self._used, 30))
        self._used += 1
        # Clients that broke off together must not come back together.
        jittered = delay * random.uniform(0.5, 1.0)
        return jittered if retry_after is None else retry_after + jittered
