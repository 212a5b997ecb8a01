using Podflare.Contexts;
using Podflare.Files;
using Podflare.Guests;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Sends requests to a sandbox's guest, each with a limit for its answer, and turns refusals into exceptions.</summary>
/// <param name="guestIsClosing">Called when the guest refuses because it was told to close.</param>
/// <param name="closing">Cancelled when the sandbox ends or the activation stops.</param>
internal sealed class GuestRequestSender(SandboxSettings settings, TimeProvider time, Action guestIsClosing, CancellationToken closing)
{
    /// <exception cref="SandboxUnreachableException">The guest did not answer in time, or it has been told to close.</exception>
    /// <exception cref="PodflareException">The guest refuses for a reason that has a name, such as <see cref="RunQueueFullException"/>.</exception>
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

        return answer switch
        {
            GuestTaken taken => taken,
            GuestRefused refused => throw Refusal(request, refused),
            _ => throw new InvalidOperationException("The guest gave an answer of an unknown kind."),
        };
    }

    /// <summary>Sends a request that only a guest of the second version knows.</summary>
    /// <exception cref="NotOfferedException">The guest is older.</exception>
    public Task<GuestTaken> SendNewAsync(GuestPort port, GuestRequest request, CancellationToken cancellationToken)
    {
        GuardVersion(port);
        return SendAsync(port, request, cancellationToken);
    }

    /// <exception cref="NotOfferedException">The guest is older than the second version of the protocol.</exception>
    /// <exception cref="SandboxUnreachableException">It has never connected to this process, so its version is not known.</exception>
    public static void GuardVersion(GuestPort port)
    {
        if ((port.Version ?? throw new SandboxUnreachableException()) < GuestVersion.AllKinds) throw new NotOfferedException();
    }

    private Exception Refusal(GuestRequest request, GuestRefused refused)
    {
        if (refused.Code == "closing") guestIsClosing();
        return refused.Code switch
        {
            "queue_full" => new RunQueueFullException(settings.Runs.MaxOpen),
            "closing" => new SandboxUnreachableException(),
            "context_not_found" => new ContextNotFoundException(ContextOf(request)),
            "context_exists" => new ContextExistsException(ContextOf(request)),
            "context_limit" => new ContextQuotaExceededException(settings.Runs.MaxContexts),
            "context_required" => new ContextRequiredException(),
            "no_such_path" => new WatchPathNotFoundException(),
            "denied" => new FileRefusedException(FileRefusal.AccessDenied, "Permission denied"),
            "too_many_folders" => new WatchTooLargeException(),
            "stdin_closed" => new StdinClosedException(),
            "stdin_offset" => new StdinOffsetException(refused.Offset ?? 0),
            "stdin_full" => new StdinFullException(refused.Offset ?? 0),
            "ended" => new RunEndedException(),
            "not_a_terminal" => new NotATerminalException(),
            _ => new InvalidOperationException($"The guest calls a request invalid: {refused.Detail}"),
        };
    }

    private static string ContextOf(GuestRequest request) => request switch
    {
        GuestContextRequest { Id: { } id } => id.Value,
        StartGuestRun { Context: { } context } => context,
        _ => ContextId.Default.Value,
    };
}
