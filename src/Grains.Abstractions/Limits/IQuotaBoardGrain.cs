using Orleans.Concurrency;

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
}
