namespace Podflare.Mcp;

/// <summary>What the tools do with sandboxes, for the caller of the current request.</summary>
/// <remarks>Every method throws <see cref="RefusedException"/> for what a caller can understand.</remarks>
public interface ISandboxOperations
{
    Task<CreatedSandbox> CreateSandboxAsync(NewSandbox sandbox, CancellationToken cancellationToken);

    /// <summary>Lists sandboxes that are ready, newest first.</summary>
    Task<SandboxList> ListSandboxesAsync(int limit, CancellationToken cancellationToken);

    Task DeleteSandboxAsync(string sandboxId, CancellationToken cancellationToken);

    /// <summary>Starts a run, and reads it from its first event. If the call is canceled, either it still returns the run, or the run is interrupted.</summary>
    Task<IRunReader> StartRunAsync(string sandboxId, RunProgram program, CancellationToken cancellationToken);

    /// <summary>Reads a run after a <c>seq</c>. Cancellation ends the reading.</summary>
    Task<IRunReader> ReadRunAsync(string sandboxId, string runId, long after, CancellationToken cancellationToken);

    Task<RunStatus> GetRunAsync(string sandboxId, string runId, CancellationToken cancellationToken);

    Task InterruptRunAsync(string sandboxId, string runId, CancellationToken cancellationToken);

    /// <summary>Whether the calls of this process are being cut although their callers want the answer. Their runs are not interrupted then.</summary>
    bool IsCuttingCalls { get; }

    Task<FilePart> ReadFileAsync(string sandboxId, string path, long offset, int maxBytes, CancellationToken cancellationToken);

    Task WriteFileAsync(string sandboxId, string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    Task<IReadOnlyList<ListedFile>> ListFilesAsync(string sandboxId, string path, int depth, int limit, CancellationToken cancellationToken);
}

/// <summary>A sandbox to create. Null means the server's default.</summary>
public sealed record NewSandbox
{
    public string? Template { get; init; }

    public double? TimeoutSeconds { get; init; }

    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Calls with the same key get the same sandbox; null for none.</summary>
    public string? IdempotencyKey { get; init; }

    public CallTrace? Trace { get; init; }
}

/// <summary>A sandbox that was created.</summary>
public sealed record CreatedSandbox(string Id, IReadOnlyList<string> Warnings);

/// <summary>A sandbox in a list.</summary>
public sealed record SandboxSummary(string Id, string? Template, DateTimeOffset? CreatedAt, IReadOnlyDictionary<string, string> Metadata);

/// <summary>The newest sandboxes of a caller.</summary>
public sealed record SandboxList(IReadOnlyList<SandboxSummary> Sandboxes, bool HasMore);

/// <summary>A part of a file.</summary>
/// <param name="Size">Bytes of the whole file.</param>
public sealed record FilePart(ReadOnlyMemory<byte> Content, long Size);

/// <summary>An entry of a directory.</summary>
/// <param name="Type"><c>file</c>, <c>directory</c>, <c>link</c> or <c>other</c>.</param>
public sealed record ListedFile(string Path, string Type, long Size);
