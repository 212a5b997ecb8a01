namespace Podflare.Egress;

/// <summary>The way out could not be made safe, so there is none. The text is for the operator.</summary>
public sealed class EgressException(string message) : Exception(message);
