using System.Globalization;

namespace Podflare;

/// <summary>Which sandboxes are to be listed; newest first.</summary>
public sealed record SandboxQuery
{
    /// <summary>Only those in this state: <c>ready</c>, <c>ending</c>, <c>ended</c> or <c>lost</c>.</summary>
    public string? State { get; init; }

    /// <summary>Only those with all of these pairs.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Sandboxes in one page, 1 to 1,000. Default: the server's, 100.</summary>
    public int? PageSize { get; init; }

    internal string ToPath(string? cursor)
    {
        var query = new List<string>();
        if (State is { } state) Add("state", state);
        foreach (var (key, value) in Metadata ?? new Dictionary<string, string>()) Add($"metadata.{key}", value);
        if (PageSize is { } size) Add("limit", size.ToString(CultureInfo.InvariantCulture));
        if (cursor is not null) Add("cursor", cursor);
        return query.Count == 0 ? "v1/sandboxes" : $"v1/sandboxes?{string.Join('&', query)}";

        void Add(string name, string value) => query.Add($"{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}");
    }
}

/// <summary>One page of a list.</summary>
public sealed record SandboxPage
{
    /// <summary>The sandboxes.</summary>
    public required IReadOnlyList<SandboxInfo> Sandboxes { get; init => field = value ?? []; }

    /// <summary>Where the next page begins; null after the last one.</summary>
    public string? NextCursor { get; init; }

    /// <summary>What is not as asked, as hosts that did not answer.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value ?? []; } = [];
}
