using Orleans.Concurrency;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>Divides the limits of all tenants among the processes of the cluster. Key: <see cref="Key"/>. Its state is in memory only.</summary>
[Alias("podflare.IQuotaBoardGrain")]
public interface IQuotaBoardGrain : IGrainWithStringKey
{
    /// <summary>The key of the only board.</summary>
    const string Key = "board";

    /// <summary>Reports what a process wants and holds, and returns its shares.</summary>
    [AlwaysInterleave, Alias("Exchange")]
    Task<QuotaAnswer> Exchange(QuotaExchange exchange);

    /// <summary>How much of a limit of a tenant all processes use together, as they last reported.</summary>
    [AlwaysInterleave, Alias("Used")]
    Task<double> Used(TenantId tenant, QuotaKind kind);
}
