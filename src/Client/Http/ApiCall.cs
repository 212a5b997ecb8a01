using System.Diagnostics;
using System.Net.Http.Headers;

namespace Podflare;

/// <summary>One API call. Each attempt builds its own request from it.</summary>
internal sealed record ApiCall(HttpMethod Method, string Path)
{
    /// <summary>The address of the sandbox, if the server named one.</summary>
    public Uri? Server { get; init; }

    /// <summary>Builds the body of an attempt; null if the call has none.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>Whether <see cref="Content"/> can be built a second time.</summary>
    public bool CanRetry { get; init; } = true;

    public string? IdempotencyKey { get; init; }

    /// <summary>The part of a file to read; null for the whole.</summary>
    public RangeHeaderValue? Range { get; init; }

    /// <summary>The context of the sandbox, which takes precedence over the client's.</summary>
    public TraceParent? TraceParent { get; init; }

    /// <summary>The span that the attempts belong to.</summary>
    public Activity? Span { get; init; }
}
