namespace Podflare.Guests;

/// <summary>Why a connection to a guest ended.</summary>
internal enum ConnectionEnd
{
    /// <summary>The guest closed it, or the socket broke.</summary>
    Closed,

    /// <summary>The guest said nothing for too long.</summary>
    Silent,

    /// <summary>The guest sent what the protocol does not allow.</summary>
    Malformed,

    /// <summary>A numbered frame is missing.</summary>
    Gap,

    /// <summary>Too much is waiting for its reader.</summary>
    Overflow,

    /// <summary>A newer connection took its place.</summary>
    Replaced,

    /// <summary>A new reader wants everything from the start.</summary>
    Restarted,

    /// <summary>The sandbox or this process is going away.</summary>
    Stopped,

    /// <summary>Our own fault; the log has the exception.</summary>
    Failed,
}
