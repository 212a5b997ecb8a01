using System.Globalization;

namespace Podflare;

/// <summary>A filter for a list of sandboxes. The newest come first.</summary>
/// <example>
/// <code>
/// var query = new SandboxQuery { State = SandboxState.Ready, Metadata = new Dictionary&lt;string, string&gt; { ["user"] = "42" } };
/// await foreach (var info in client.ListSandboxesAsync(query)) Console.WriteLine(info.Id);
/// </code>
/// </example>
public sealed record SandboxQuery
{
    /// <summary>Only sandboxes in this state.</summary>
    public SandboxState? State { get; init; }

    /// <summary>Only sandboxes with all of these metadata pairs.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The number of sandboxes per page, 1 to 1,000. Server default: 100.</summary>
    public int? PageSize { get; init; }

    internal string ToPath(string? cursor, string path = "v1/sandboxes")
    {
        var query = new List<string>();
        if (State is SandboxState.Unknown) throw new ArgumentException($"{nameof(State)} must be a known state.");
        if (State is { } state) Add("state", state.ToString().ToLowerInvariant());
        foreach (var (key, value) in Metadata ?? new Dictionary<string, string>()) Add($"metadata.{key}", value);
        if (PageSize is { } size) Add("limit", size.ToString(CultureInfo.InvariantCulture));
        if (cursor is not null) Add("cursor", cursor);
        return query.Count == 0 ? path : $"{path}?{string.Join('&', query)}";

        void Add(string name, string value) => query.Add($"{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}");
    }
}

/// <summary>One page of a list of sandboxes.</summary>
public sealed record SandboxPage
{
    /// <summary>The sandboxes.</summary>
    public required IReadOnlyList<SandboxInfo> Sandboxes { get; init => field = value ?? []; }

    /// <summary>The cursor of the next page; null on the last page.</summary>
    public string? NextCursor { get; init; }

    /// <summary>What is missing from the list, for example the sandboxes of a host that did not answer.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value ?? []; } = [];
}
