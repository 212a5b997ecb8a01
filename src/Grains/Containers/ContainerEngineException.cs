namespace Podflare.Containers;

/// <summary>The engine did not do what it was asked, or did not answer in time. What became of the request is not known.</summary>
public sealed class ContainerEngineException(string message, Exception cause) : Exception(message, cause);
