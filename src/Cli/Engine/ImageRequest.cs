namespace Podflare.Cli.Engine;

/// <summary>One image to build.</summary>
/// <param name="Dockerfile">The path of the Dockerfile in the context.</param>
internal sealed record ImageRequest(ContextContent Context, string Dockerfile)
{
    public IReadOnlyDictionary<string, string> Arguments { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The network of RUN steps; null for the engine's default.</summary>
    public string? Network { get; init; }

    /// <summary>Whether layers of earlier builds are ignored.</summary>
    public bool NoCache { get; init; }
}
