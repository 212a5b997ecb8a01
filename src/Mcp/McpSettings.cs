namespace Podflare.Mcp;

/// <summary>The limits of the MCP server, and what depends on where it runs.</summary>
public sealed record McpSettings
{
    /// <summary>The version that the server reports.</summary>
    public required string Version { get; init; }

    /// <summary>The sandbox of calls that name none; null for none.</summary>
    public string? DefaultSandbox { get; init; }

    /// <summary>How long a call waits for its run by default.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>The longest time for which a call may wait.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>The longest text of an answer, in UTF-16 code units; the same for each of its structured streams.</summary>
    public int MaxTextCharacters { get; init; } = 20_000;

    /// <summary>Bytes of displayed values, such as images, in one answer.</summary>
    public int MaxValueBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>The time between two notifications of progress.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often clients are asked to poll a task.</summary>
    public TimeSpan TaskPollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an ended run can be read; null if it is not known.</summary>
    public TimeSpan? RunRetention { get; init; }

    /// <summary>Characters of output that are kept for one answer before it is shortened. <c>read_run</c> returns the rest.</summary>
    internal int MaxKeptCharacters => 10 * MaxTextCharacters;
}
