using Orleans.Streams;
using Podflare.Sandboxes;

namespace Podflare;

/// <summary>An error with a code of its own in the API. The text is safe to show to anyone.</summary>
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
public sealed class SandboxEndedException(EndReason reason) : PodflareException("the sandbox has ended")
{
    [Id(0)]
    public EndReason Reason { get; } = reason;
}

/// <summary>The sandbox's host or container no longer exists.</summary>
[GenerateSerializer, Alias("podflare.SandboxLostException")]
public sealed class SandboxLostException() : PodflareException("the sandbox is lost: its host or container no longer exists");

/// <summary>The sandbox's worker or guest does not answer at the moment. Safe to retry.</summary>
[GenerateSerializer, Alias("podflare.SandboxUnreachableException")]
public sealed class SandboxUnreachableException() : PodflareException("the sandbox does not answer at the moment; retry the request");

/// <summary>The sandbox's guest is older than this feature: the sandbox was created before an upgrade of the server. Code and bash still work in it.</summary>
[GenerateSerializer, Alias("podflare.NotOfferedException")]
public sealed class NotOfferedException() : PodflareException("this sandbox was created before the upgrade and does not offer this; create a new sandbox");

/// <summary>The sandbox was created by another request.</summary>
[GenerateSerializer, Alias("podflare.SandboxTakenException")]
public sealed class SandboxTakenException() : PodflareException("the sandbox was created by another request");

/// <summary>The claim of this sandbox has expired. Claim again.</summary>
[GenerateSerializer, Alias("podflare.LeaseGoneException")]
public sealed class LeaseGoneException() : PodflareException("the claim of this sandbox has expired");

/// <summary>No host has room. Safe to retry.</summary>
[GenerateSerializer, Alias("podflare.NoCapacityException")]
public sealed class NoCapacityException() : PodflareException("no host has room for another sandbox at the moment; retry the request");

/// <summary>The process is stopping and accepts no new work. Safe to retry.</summary>
[GenerateSerializer, Alias("podflare.ShuttingDownException")]
public sealed class ShuttingDownException() : PodflareException("the server is shutting down; retry the request");

/// <summary>The container of a new sandbox could not be created. Nothing is left of it.</summary>
/// <param name="retry">Whether the cause is temporary, as when the engine does not answer; false when it is not, as when the image is missing.</param>
/// <param name="ofEgress">Whether only sandboxes with access to the network are affected; the host starts others as before.</param>
[GenerateSerializer, Alias("podflare.ContainerStartException")]
public sealed class ContainerStartException(string message, bool retry, bool ofEgress = false) : PodflareException(message)
{
    [Id(0)]
    public bool Retry { get; } = retry;

    /// <summary>Only sandboxes with access to the network are affected; the host starts others as before.</summary>
    [Id(1)]
    public bool OfEgress { get; } = ofEgress;
}

[GenerateSerializer, Alias("podflare.RunQueueFullException")]
public sealed class RunQueueFullException(int limit) : PodflareException($"the sandbox has {limit} open runs, which is its limit; wait for one to end")
{
    [Id(0)]
    public int Limit { get; } = limit;
}

/// <summary>A record could not be read or written. Nothing was started. Safe to retry.</summary>
[GenerateSerializer, Alias("podflare.StorageUnavailableException")]
public sealed class StorageUnavailableException() : PodflareException("the storage does not answer at the moment; retry the request");

[GenerateSerializer, Alias("podflare.IdempotencyKeyReusedException")]
public sealed class IdempotencyKeyReusedException() : PodflareException("the Idempotency-Key was already used for a request with a different body");

/// <summary>The event after the given one is no longer stored.</summary>
[GenerateSerializer, Alias("podflare.EventsEvictedException")]
public sealed class EventsEvictedException(long oldestSeq) : DataNotAvailableException($"the events before seq {oldestSeq} are no longer stored")
{
    /// <summary>The oldest event that can still be read.</summary>
    [Id(0)]
    public long OldestSeq { get; } = oldestSeq;
}

/// <summary>What a log budget that is used up belongs to.</summary>
[GenerateSerializer, Alias("podflare.LogBudgetScope")]
public enum LogBudgetScope
{
    Sandbox,
    Tenant,
    Cluster,
}

/// <summary>The logs of runs use as much storage as they may. A new run can start when events have expired or open runs have ended.</summary>
[GenerateSerializer, Alias("podflare.LogBudgetExceededException")]
public sealed class LogBudgetExceededException(LogBudgetScope scope)
    : PodflareException($"the output that is kept of the {scope.ToString().ToLowerInvariant()}'s runs has reached its limit; wait for runs to end or for events to expire")
{
    [Id(0)]
    public LogBudgetScope Scope { get; } = scope;
}

/// <summary>The store refuses a request for a reason that does not pass by itself, such as missing permissions. An operator must act.</summary>
[GenerateSerializer, Alias("podflare.StorageRejectedException")]
public sealed class StorageRejectedException() : PodflareException("storage refuses the request; its operator has to mend it");

/// <summary>A stored record cannot be read: a newer version wrote it, or it is damaged. Repeating the request does not help.</summary>
/// <param name="id">The run or sandbox that it belongs to.</param>
[GenerateSerializer, Alias("podflare.RecordUnreadableException")]
public sealed class RecordUnreadableException(string id) : PodflareException($"the record of {id} cannot be read")
{
    /// <summary>The run or sandbox that the record belongs to.</summary>
    [Id(0)]
    public string RecordId { get; } = id;
}
