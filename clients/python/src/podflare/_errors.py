"""The base of all exceptions and warnings of this package."""

from __future__ import annotations

from collections.abc import Mapping


class PodflareWarning(UserWarning):
    """The server did not grant something, or an input was corrected. The program continues."""


class PodflareError(Exception):
    """The base class of all errors of this package.

    Wrong arguments raise ValueError or TypeError instead, before anything is sent.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        trace_id: str | None = None,
        retry_after: float | None = None,
        oldest_seq: int | None = None,
        offset: int | None = None,
        ended_reason: str | None = None,
        errors: Mapping[str, tuple[str, ...]] | None = None,
        required_scopes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        """The error code of the API, such as ``sandbox_not_found``."""
        self.status = status
        """The HTTP status; None if there was no answer."""
        self.trace_id = trace_id
        """The trace under which the server's logs have details, 32 hex digits."""
        self.retry_after = retry_after
        """Seconds after which the same request may succeed."""
        self.oldest_seq = oldest_seq
        """The oldest event that can still be read, with ``events_evicted``."""
        self.offset = offset
        """The bytes that were accepted of a run's standard input, with ``stdin_offset`` and ``stdin_full``."""
        self.ended_reason = ended_reason
        """Why the sandbox has ended, with ``sandbox_ended``."""
        self.errors: Mapping[str, tuple[str, ...]] = errors or {}
        """What is wrong, by field of the request."""
        self.required_scopes = required_scopes
        """The scopes that the API key would need, with ``insufficient_scope``."""
        self.run_id: str | None = None
        """The run whose events were being read."""
        self.hint = ""
        """What the user can check, as a sentence."""
        self.last_seq: int | None = None
        """The last event of that run that was delivered. Reading can continue after it."""

    def __str__(self) -> str:
        fields = "".join(f"; {field}: {', '.join(texts)}" for field, texts in self.errors.items())
        known = [f"{name}={value}" for name, value in (("code", self.code), ("trace_id", self.trace_id), ("run", self.run_id)) if value]
        return self.message + fields + (f" ({', '.join(known)})" if known else "") + (f". {self.hint}" if self.hint else "")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class ConnectionFailedError(PodflareError):
    """The server could not be reached, or the connection broke, and retrying did not help."""

    is_unreachable = False
    """There was no connection at all, so the request cannot have arrived."""


class ClientClosedError(PodflareError, RuntimeError):
    """The client, or the sandbox with its own client, was used after it had been closed."""


class ProtocolError(PodflareError):
    """The server's answer does not follow the API."""


class StreamEndedError(PodflareError):
    """The run's events ended without its exit, repeatedly. The run may still be running: its end is unknown."""
