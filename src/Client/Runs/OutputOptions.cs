namespace Podflare;

/// <summary>How the output of a process or of bash code is delivered.</summary>
public sealed record OutputOptions
{
    /// <summary>Whether stderr goes to the same pipe as stdout, so that all output is stdout, in the exact order. Default: no.</summary>
    public bool MergeStderr { get; init; }

    /// <summary>
    /// Whether stdout and stderr keep their exact order. Programs that do not wait until their output is read may lose output. Default: no; events
    /// of stdout and stderr are in the order of their arrival.
    /// </summary>
    public bool ExactOrder { get; init; }

    /// <summary>Whether events carry the exact bytes; see <see cref="StdoutEvent.Bytes"/>. Default: no; events carry lines of text.</summary>
    public bool Binary { get; init; }

    internal string? Stderr => MergeStderr ? "stdout" : null;

    internal string? Order => ExactOrder ? "exact" : null;

    internal string? Encoding => Binary ? "base64" : null;
}
