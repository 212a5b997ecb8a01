namespace Podflare.Configuration;

/// <summary>A reason not to start, in words for the operator.</summary>
internal sealed class StartupException(string message) : Exception(message);
