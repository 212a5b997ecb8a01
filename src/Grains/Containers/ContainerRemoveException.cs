namespace Podflare.Containers;

/// <summary>The engine did not remove a container, however often it was asked.</summary>
public sealed class ContainerRemoveException(string container, Exception cause) : Exception($"container {container} could not be removed", cause);
