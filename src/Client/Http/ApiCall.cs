using System.Diagnostics;

namespace Podflare;

/// <summary>One call, from which a request can be made for each attempt.</summary>
internal sealed record ApiCall(HttpMethod Method, string Path)
{
    /// <summary>The address of the sandbox, where the server named one.</summary>
    public Uri? Server { get; init; }

    /// <summary>Makes the body of an attempt; null where there is none.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>Whether <see cref="Content"/> can be made a second time.</summary>
    public bool CanRepeat { get; init; } = true;

    public string? IdempotencyKey { get; init; }

    /// <summary>The context of the sandbox, which goes before the client's.</summary>
    public TraceParent? TraceParent { get; init; }

    /// <summary>The span to which the attempts belong.</summary>
    public Activity? Span { get; init; }
}
