namespace Podflare.Http;

/// <summary>A base path under which the API is served, and the format of its event streams.</summary>
/// <param name="Prefix">The path in front of <c>/v1</c>.</param>
internal sealed record Mount(string Prefix, EventFormat EventFormat)
{
    /// <summary>All routes. Events are sent as they are stored.</summary>
    public static readonly Mount Main = new("", EventFormat.Ndjson);

    /// <summary>The routes that the published clients use, with events in the format that those clients expect.</summary>
    public static readonly Mount Compat = new("/compat/podflare", EventFormat.JoinedLines);

    /// <summary>Whether a path is one of the API, on any mount.</summary>
    public static bool IsApi(PathString path) => path.StartsWithSegments("/v1") || path.StartsWithSegments($"{Compat.Prefix}/v1");
}

/// <summary>How a mount sends events.</summary>
internal enum EventFormat
{
    /// <summary>One stored event per line.</summary>
    Ndjson,

    /// <summary>One whole output line per event, without its newline.</summary>
    JoinedLines,
}
