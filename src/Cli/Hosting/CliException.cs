namespace Podflare.Cli.Hosting;

/// <summary>What the caller of the command can mend.</summary>
internal sealed class CliException(string message) : Exception(message)
{
    /// <summary>What to do about it, if the text does not say that already.</summary>
    public string? Advice { get; init; }
}
