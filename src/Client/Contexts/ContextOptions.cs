namespace Podflare;

/// <summary>Options of a new context.</summary>
public sealed record ContextOptions
{
    /// <summary>The ID: 1 to 64 of a-z, 0-9, <c>_</c> and <c>-</c>, the first a letter or digit. Default: chosen by the sandbox.</summary>
    public string? Id { get; init; }

    /// <summary>The language. Default: Python.</summary>
    public RunLanguage Language { get; init; } = RunLanguage.Python;

    /// <summary>The working directory, an absolute path. Default: the home directory, <c>/root</c>.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Environment variables of all runs in the context, at most 64 KiB in total.</summary>
    public IReadOnlyDictionary<string, string>? Env { get; init; }
}

internal sealed record ContextBody(string? Id, string? Language, string? Cwd, IReadOnlyDictionary<string, string>? Env);
