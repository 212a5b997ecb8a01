using Orleans.Streams;
using Podflare.Sandboxes;

namespace Podflare;

/// <summary>A refusal that has a code of its own in the API. The text is safe for strangers.</summary>
[GenerateSerializer, Alias("podflare.PodflareException")]
public abstract class PodflareException(string message) : Exception(message);

[GenerateSerializer, Alias("podflare.SandboxNotFoundException")]
public sealed class SandboxNotFoundException() : PodflareException("sandbox not found");

[GenerateSerializer, Alias("podflare.RunNotFoundException")]
public sealed class RunNotFoundException() : PodflareException("run not found");

[GenerateSerializer, Alias("podflare.TemplateNotFoundException")]
public sealed class TemplateNotFoundException(string template) : PodflareException($"template not found: {template}");

/// <summary>The sandbox was deleted or has expired.</summary>
[GenerateSerializer, Alias("podflare.SandboxEndedException")]
public sealed class SandboxEndedException(EndReason reason) : PodflareException("sandbox has ended")
{
    [Id(0)]
    public EndReason Reason { get; } = reason;
}

/// <summary>The sandbox's host or container is gone for good.</summary>
[GenerateSerializer, Alias("podflare.SandboxLostException")]
public sealed class SandboxLostException() : PodflareException("sandbox is lost: its host or container is gone for good");

/// <summary>The sandbox's worker or guest does not answer for now. Safe to repeat.</summary>
[GenerateSerializer, Alias("podflare.SandboxUnreachableException")]
public sealed class SandboxUnreachableException() : PodflareException("sandbox does not answer for now; repeat the request");

/// <summary>Another creation has this sandbox.</summary>
[GenerateSerializer, Alias("podflare.SandboxTakenException")]
public sealed class SandboxTakenException() : PodflareException("sandbox belongs to another creation");

/// <summary>The claim of this sandbox is over: claim again.</summary>
[GenerateSerializer, Alias("podflare.LeaseGoneException")]
public sealed class LeaseGoneException() : PodflareException("the claim of this sandbox is over");

/// <summary>No host has room. Safe to repeat.</summary>
[GenerateSerializer, Alias("podflare.NoCapacityException")]
public sealed class NoCapacityException() : PodflareException("no host has room; repeat the request");

/// <summary>The process is stopping and takes nothing new. Safe to repeat.</summary>
[GenerateSerializer, Alias("podflare.ShuttingDownException")]
public sealed class ShuttingDownException() : PodflareException("shutting down; repeat the request");

/// <summary>The container of a new sandbox could not be made. Nothing is left of it.</summary>
/// <param name="retry">The cause may pass (the engine does not answer); false when it will not (the image is missing).</param>
[GenerateSerializer, Alias("podflare.ContainerStartException")]
public sealed class ContainerStartException(string message, bool retry) : PodflareException(message)
{
    [Id(0)]
    public bool Retry { get; } = retry;
}

[GenerateSerializer, Alias("podflare.RunQueueFullException")]
public sealed class RunQueueFullException(int limit) : PodflareException($"the sandbox has {limit} open runs; wait for one to end")
{
    [Id(0)]
    public int Limit { get; } = limit;
}

/// <summary>A record could not be read or written. Nothing was started. Safe to repeat.</summary>
[GenerateSerializer, Alias("podflare.StorageUnavailableException")]
public sealed class StorageUnavailableException() : PodflareException("storage does not answer for now; repeat the request");

[GenerateSerializer, Alias("podflare.IdempotencyKeyReusedException")]
public sealed class IdempotencyKeyReusedException() : PodflareException("the Idempotency-Key was used with another request body");

/// <summary>The log no longer has the event after the one that was named.</summary>
[GenerateSerializer, Alias("podflare.EventsEvictedException")]
public sealed class EventsEvictedException(long oldestSeq) : DataNotAvailableException($"events before {oldestSeq} are gone")
{
    /// <summary>The oldest event that can still be read.</summary>
    [Id(0)]
    public long OldestSeq { get; } = oldestSeq;
}
