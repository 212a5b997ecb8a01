namespace Podflare.Storage;

/// <summary>Whether the store of this process's cluster can be reached now. The embedded process's own memory always can.</summary>
public sealed class StoreAvailability(Func<bool> isAvailable)
{
    public bool IsAvailable => isAvailable();
}
