namespace Podflare.Configuration;

/// <summary>The process cannot start. The message is meant for the operator.</summary>
internal sealed class StartupException(string message) : Exception(message);
