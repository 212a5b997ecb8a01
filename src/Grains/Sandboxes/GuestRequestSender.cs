using Podflare.Guests;

namespace Podflare.Sandboxes;

/// <summary>Sends requests to a sandbox's guest, each with a limit for its answer, and turns refusals into exceptions.</summary>
/// <param name="guestIsClosing">Called when the guest refuses because it was told to close.</param>
/// <param name="closing">Cancelled when the sandbox ends or the activation stops.</param>
internal sealed class GuestRequestSender(SandboxSettings settings, TimeProvider time, Action guestIsClosing, CancellationToken closing)
{
    /// <exception cref="SandboxUnreachableException">The guest did not answer in time, or it has been told to close.</exception>
    /// <exception cref="RunQueueFullException">The guest has too many runs.</exception>
    /// <exception cref="InvalidOperationException">The guest calls the request invalid.</exception>
    public async Task<GuestTaken> SendAsync(GuestPort port, GuestRequest request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(closing, cancellationToken);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, TimeSpan.FromSeconds(settings.Sandboxes.GuestAnswerSeconds), Timeout.InfiniteTimeSpan);
        GuestAnswer answer;
        try
        {
            answer = await port.SendAsync(request, limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new SandboxUnreachableException();
        }

        switch (answer)
        {
            case GuestTaken taken:
                return taken;
            case GuestRefused { Code: "queue_full" }:
                throw new RunQueueFullException(settings.Runs.MaxOpen);
            case GuestRefused { Code: "closing" }:
                guestIsClosing();
                throw new SandboxUnreachableException();
            case GuestRefused refused:
                throw new InvalidOperationException($"The guest calls a request invalid: {refused.Detail}");
            default:
                throw new InvalidOperationException("The guest gave an answer of an unknown kind.");
        }
    }
}
