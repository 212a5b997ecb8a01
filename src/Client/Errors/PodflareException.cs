namespace Podflare;

/// <summary>The base class of all exceptions of this library.</summary>
public abstract class PodflareException : Exception
{
    /// <summary>Creates the exception.</summary>
    protected PodflareException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>The server could not be reached, did not answer in time, or the connection was lost. Calls that are safe to repeat were retried before.</summary>
public sealed class PodflareConnectionException : PodflareException
{
    /// <summary>Creates the exception.</summary>
    public PodflareConnectionException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>Whether the server may have received the request.</summary>
    public bool MayHaveArrived { get; init; } = true;
}

/// <summary>The answer does not conform to the API: another service answers at this address, or a proxy changed the answer.</summary>
public sealed class PodflareProtocolException : PodflareException
{
    /// <summary>Creates the exception.</summary>
    public PodflareProtocolException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>
/// The event stream of a run ended without an exit event and could not be resumed. The run continues: <see cref="SandboxRun.GetInfoAsync"/>
/// returns its state, and <see cref="SandboxRun.ReadEventsAsync"/> its further events.
/// </summary>
public sealed class StreamBrokenException : PodflareException
{
    /// <summary>Creates the exception.</summary>
    public StreamBrokenException(string runId, long lastSeq, Exception? inner = null)
        : base($"The event stream of run {runId} ended after seq {lastSeq} without an exit event, and could not be resumed.{(inner is null ? "" : $" {inner.Message}")}", inner) => (RunId, LastSeq) = (runId, lastSeq);

    /// <summary>The ID of the run.</summary>
    public string RunId { get; }

    /// <summary>The <c>seq</c> of the last event that was delivered. Reading can continue after it.</summary>
    public long LastSeq { get; }
}
