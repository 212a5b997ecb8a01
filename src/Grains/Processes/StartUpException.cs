namespace Podflare.Processes;

/// <summary>The process must not start like this. The text says what to change.</summary>
public sealed class StartUpException(string message) : Exception(message);
