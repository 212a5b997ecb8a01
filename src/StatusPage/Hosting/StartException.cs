namespace Podflare.Hosting;

/// <summary>A reason not to start, in words for the operator.</summary>
internal sealed class StartException(string message) : Exception(message);
