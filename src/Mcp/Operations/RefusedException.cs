namespace Podflare.Mcp;

/// <summary>A call that was refused, for a reason that its caller may read.</summary>
/// <param name="code">The code of the error, as in the HTTP API.</param>
public sealed class RefusedException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Code { get; } = code;

    /// <summary>The text for the model. It starts with the code.</summary>
    public string Text => $"{Code}: {Message}";

    internal static RefusedException Invalid(string argument, string problem) => new("invalid_request", $"{argument} {problem}");
}
