namespace Podflare.Limits;

/// <summary>A part of what a tenant may use at the same time. It is returned when it is disposed for the first time.</summary>
public sealed class Permit : IDisposable
{
    private PermitShare? _share;

    internal Permit(PermitShare share) => _share = share;

    public void Dispose() => Interlocked.Exchange(ref _share, null)?.Leave();
}
