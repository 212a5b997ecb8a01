using Microsoft.Extensions.Logging;
using Podflare.Contexts;
using Podflare.Files;
using Podflare.Guests;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Sends requests to a sandbox's guest, each with a limit for its answer, and turns refusals into exceptions.</summary>
/// <param name="guestIsClosing">Called when the guest refuses because it was told to close.</param>
/// <param name="closing">Cancelled when the sandbox ends or the activation stops.</param>
internal sealed partial class GuestRequestSender(SandboxSettings settings, TimeProvider time, Action guestIsClosing, ILogger logger, CancellationToken closing)
{
    /// <exception cref="SandboxUnreachableException">The guest did not answer in time, or it has been told to close.</exception>
    /// <exception cref="PodflareException">The guest refuses for a reason that has a name, such as <see cref="RunQueueFullException"/>.</exception>
    /// <exception cref="NotOfferedException">The guest calls the request invalid: it is older, or user code has taken it over.</exception>
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
            GuestRefused refused => throw Refusal(port, request, refused),
            _ => throw new InvalidOperationException("The guest gave an answer of an unknown kind."),
        };
    }

    /// <summary>Sends a request that only a guest of a later version than the first knows.</summary>
    /// <exception cref="NotOfferedException">The guest is older.</exception>
    public Task<GuestTaken> SendNewAsync(GuestPort port, GuestRequest request, CancellationToken cancellationToken)
    {
        GuardVersion(port, request is AnswerGuestToolCall ? GuestVersion.Tools : GuestVersion.AllKinds);
        return SendAsync(port, request, cancellationToken);
    }

    /// <exception cref="NotOfferedException">The guest is older than this version of the protocol.</exception>
    /// <exception cref="SandboxUnreachableException">It has never connected to this process, so its version is not known.</exception>
    public static void GuardVersion(GuestPort port, int version = GuestVersion.AllKinds)
    {
        if ((port.Version ?? throw new SandboxUnreachableException()) < version) throw new NotOfferedException();
    }

    private PodflareException Refusal(GuestPort port, GuestRequest request, GuestRefused refused)
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
            "tool_call_not_found" => new ToolCallNotFoundException(),
            "tool_call_closed" => new ToolCallClosedException(),
            _ => Invalid(port, request, refused),
        };
    }

    private NotOfferedException Invalid(GuestPort port, GuestRequest request, GuestRefused refused)
    {
        LogInvalid(port.Sandbox, request.GetType().Name, refused.Code, refused.Detail);
        return new NotOfferedException();
    }

    private static string ContextOf(GuestRequest request) => request switch
    {
        GuestContextRequest { Id: { } id } => id.Value,
        StartGuestRun { Context: { } context } => context,
        _ => ContextId.Default.Value,
    };

    [LoggerMessage(LogLevel.Warning, "The guest of sandbox {Sandbox} refuses {Request}: {Code}, {Detail}")]
    private partial void LogInvalid(SandboxId sandbox, string request, string code, string? detail);
}
