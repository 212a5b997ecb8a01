namespace Podflare.Cli.Hosting;

/// <summary>A failure that the user can fix.</summary>
internal sealed class CliException(string message) : Exception(message)
{
    /// <summary>What to do about it, unless the message says so.</summary>
    public string? Advice { get; init; }
}
