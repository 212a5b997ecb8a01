namespace Podflare.Webhooks;

/// <summary>What the response to a call means for the calls that follow.</summary>
public enum WebhookResult
{
    Success,
    Failure,

    /// <summary>410: the receiver no longer exists.</summary>
    Gone,

    /// <summary>429, 502 or 504: all calls of this receiver are postponed.</summary>
    SlowDown,
}
