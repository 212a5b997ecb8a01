"""What sandboxes and runs use of their host, as the server sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ._models import number_of, whole_of


@dataclass(frozen=True, slots=True)
class RunUsage:
    """What the sandbox used while a run executed. Runs that execute at the same time share it. A figure that the server does not know is None.

    >>> sandbox.get_run(result.run_id).usage.cpu_seconds
    0.012
    """

    cpu_seconds: float | None = None
    throttled_seconds: float | None = None
    """How long the CPU limit stopped the sandbox."""
    memory_peak_bytes: int | None = None
    """The most memory, including files in ``/root`` and ``/tmp``."""
    processes_peak: int | None = None
    """The most processes and threads, including Podflare's own."""
    disk_used_bytes: int | None = None
    """What the home directory held at the end."""
    oom_kills: int | None = None
    """Processes that were killed because the memory was full."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> RunUsage:
        return cls(
            cpu_seconds=number_of(body, "cpu_seconds"),
            throttled_seconds=number_of(body, "throttled_seconds"),
            memory_peak_bytes=whole_of(body, "memory_peak_bytes"),
            processes_peak=whole_of(body, "processes_peak"),
            disk_used_bytes=whole_of(body, "disk_used_bytes"),
            oom_kills=whole_of(body, "oom_kills"),
        )


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """The most that a sandbox can use. None for what the server does not know."""

    cpus: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    """Processes and threads, including Podflare's own."""
    disk_bytes: int | None = None
    """The size of the home directory. Its files are memory, too."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> ResourceLimits:
        return cls(number_of(body, "cpus"), whole_of(body, "memory_bytes"), whole_of(body, "processes"), whole_of(body, "disk_bytes"))


@dataclass(frozen=True, slots=True)
class MetricsPoint:
    """What a sandbox used at one moment. A figure that the server does not know is None."""

    at: datetime
    """In UTC."""
    cpu_seconds: float = 0
    """CPU time in all."""
    cpu: float | None = None
    """CPUs that were used on average since the point before; None for the first point."""
    memory_bytes: int | None = None
    """Memory, including files in ``/root`` and ``/tmp``."""
    memory_peak_bytes: int | None = None
    disk_bytes: int | None = None
    """What the home directory holds."""
    processes: int | None = None
    oom_kills: int | None = None
    throttled_seconds: float | None = None
    """How long in all the CPU limit stopped the sandbox."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> MetricsPoint:
        return cls(
            at=datetime.fromtimestamp(body["ts"] / 1000, timezone.utc),
            cpu_seconds=number_of(body, "cpu_seconds") or 0,
            cpu=number_of(body, "cpu"),
            memory_bytes=whole_of(body, "memory_bytes"),
            memory_peak_bytes=whole_of(body, "memory_peak_bytes"),
            disk_bytes=whole_of(body, "disk_bytes"),
            processes=whole_of(body, "processes"),
            oom_kills=whole_of(body, "oom_kills"),
            throttled_seconds=number_of(body, "throttled_seconds"),
        )


@dataclass(frozen=True, slots=True)
class SandboxMetrics:
    """What a sandbox uses over time. ``raw`` is the complete answer."""

    interval_seconds: float
    """The time between two points from now on."""
    limits: ResourceLimits
    points: tuple[MetricsPoint, ...]
    """The oldest first."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> SandboxMetrics:
        return cls(float(body["interval_seconds"]), ResourceLimits.parse(body["limits"]), tuple(MetricsPoint.parse(point) for point in body["points"]), body)
