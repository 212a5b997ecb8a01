namespace Podflare;

/// <summary>Whatever goes wrong between this program and its sandboxes; the types below it tell what.</summary>
public abstract class PodflareException : Exception
{
    /// <summary>Tells what went wrong.</summary>
    protected PodflareException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>The server could not be reached, did not answer in time, or its answer broke off. Safe calls were repeated before.</summary>
public sealed class PodflareConnectionException : PodflareException
{
    /// <summary>Tells what happened on the way.</summary>
    public PodflareConnectionException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>Whether the server may have received the request.</summary>
    public bool MayHaveArrived { get; init; } = true;
}

/// <summary>The server's answer is not what the API promises: another service answers at this address, or a proxy changes answers.</summary>
public sealed class PodflareProtocolException : PodflareException
{
    /// <summary>Tells what is wrong with the answer.</summary>
    public PodflareProtocolException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>
/// A run's events broke off without the exit event and could not be resumed. The run itself goes on: its outcome is told by
/// <see cref="SandboxRun.GetInfoAsync"/>, its further events by <see cref="SandboxRun.ReadEventsAsync"/>.
/// </summary>
public sealed class StreamBrokenException : PodflareException
{
    /// <summary>Tells which run's events broke off, and where.</summary>
    public StreamBrokenException(string runId, long lastSeq, Exception? inner = null)
        : base($"The events of run {runId} broke off after seq {lastSeq}, without its exit.", inner) => (RunId, LastSeq) = (runId, lastSeq);

    /// <summary>The run.</summary>
    public string RunId { get; }

    /// <summary>The last event that was delivered; reading goes on after it.</summary>
    public long LastSeq { get; }
}
