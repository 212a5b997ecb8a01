using System.Threading.Channels;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>
/// The worker's end of one sandbox's guest: it outlives connections. The guest dials, <see cref="GuestListener"/> accepts.
/// </summary>
public sealed class GuestPort
{
    /// <summary>The sandbox whose guest this is.</summary>
    public SandboxId Sandbox => throw new NotImplementedException();

    /// <summary>A guest is connected now.</summary>
    public bool Connected => throw new NotImplementedException();

    /// <summary>Since when no guest is connected; null while one is.</summary>
    public DateTimeOffset? AwaySince => throw new NotImplementedException();

    /// <summary>Completes when a REPL answers (<c>READY</c>, or a <c>HELLO</c> with <c>repl</c> of 1 or more).</summary>
    public Task<GuestHello> WaitReadyAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>
    /// Becomes the one reader of this guest's events. What an earlier reader may have taken without acknowledging is sent again: the
    /// first event is always <see cref="GuestConnected"/>. The earlier reader's channel completes.
    /// </summary>
    public ChannelReader<GuestEvent> Attach() => throw new NotImplementedException();

    /// <summary>All numbered frames up to <paramref name="number"/> are in the log: the guest drops them. Never blocks.</summary>
    public void Acknowledge(ulong number) => throw new NotImplementedException();

    /// <summary>
    /// Sends a request and waits for the guest's answer, over as many connections as it takes: every request may safely come twice.
    /// </summary>
    /// <exception cref="OperationCanceledException">No answer before <paramref name="cancellationToken"/>.</exception>
    public Task<GuestAnswer> SendAsync(GuestRequest request, CancellationToken cancellationToken) => throw new NotImplementedException();
}
