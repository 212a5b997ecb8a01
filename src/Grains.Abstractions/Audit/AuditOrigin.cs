namespace Podflare.Audit;

/// <summary>The caller of an act, its address and its trace.</summary>
/// <param name="Source">Null when nobody asked.</param>
/// <param name="TraceId">32 hex digits; null outside a request.</param>
[GenerateSerializer, Immutable, Alias("podflare.AuditOrigin")]
public sealed record AuditOrigin([property: Id(0)] AuditActor Actor, [property: Id(1)] AuditSource? Source = null, [property: Id(2)] string? TraceId = null)
{
    /// <summary>Podflare itself, when nobody asked.</summary>
    public static readonly AuditOrigin System = new(AuditActor.System);
}
