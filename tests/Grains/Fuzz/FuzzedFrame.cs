using Podflare.Guests;

namespace Podflare.Fuzz;

/// <summary>Bytes to be sent to a worker in the name of a guest.</summary>
/// <param name="IsWhole">One frame whose length is the one that its header has: what follows is read as the next frame.</param>
/// <param name="TakesNumber">The worker, if it keeps the connection, counts it: the next numbered frame has the next number.</param>
internal sealed record FuzzedFrame(byte[] Bytes, FrameType Type, bool IsWhole, bool TakesNumber);

/// <summary>A request of the worker that has no answer yet.</summary>
internal sealed record OpenRequest(FrameType Type, ulong Number, byte[] Payload);

/// <summary>What became of a frame.</summary>
internal enum FrameOutcome
{
    /// <summary>The worker has read it, and has used what it says.</summary>
    Accepted,

    /// <summary>The worker has read it, and has passed over it: its type or number is not one that it waits for.</summary>
    SetAside,

    /// <summary>The worker has closed the connection.</summary>
    Closed,

    /// <summary>Neither within the limit.</summary>
    Hang,
}
