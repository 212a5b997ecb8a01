namespace Podflare.Webhooks;

/// <summary>One attempt to deliver a message.</summary>
/// <param name="Address">The address of the receiver.</param>
/// <param name="Id">Names the message; the same for each of its attempts (<c>webhook-id</c>).</param>
/// <param name="At">The time of the attempt (<c>webhook-timestamp</c>).</param>
/// <param name="Body">The message as JSON.</param>
/// <param name="Secrets">The secrets that sign it: the current one first, then an older one that is still valid.</param>
public sealed record WebhookCall(string Address, string Id, DateTimeOffset At, string Body, IReadOnlyList<string> Secrets)
{
    /// <summary>Text that the response must contain; null to accept any response.</summary>
    public string? ExpectedEcho { get; init; }
}

/// <summary>What came of an attempt.</summary>
/// <param name="Result">What it means for the attempts that follow.</param>
/// <param name="Outcome">The status code, or <c>timeout</c>, <c>connect</c>, <c>address_refused</c> or <c>no_echo</c>.</param>
/// <param name="Detail">More about a failure, for people.</param>
/// <param name="RetryAfter">The pause for which the receiver asks.</param>
public sealed record WebhookAttempt(WebhookResult Result, string Outcome, string? Detail = null, TimeSpan? RetryAfter = null);
