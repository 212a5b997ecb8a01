using System.Collections.Immutable;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>What one process knows of one limit of a tenant.</summary>
/// <param name="Limit">The tenant's limit, per second for rates, as this process knows it.</param>
/// <param name="Burst">How much of a rate may be used at once; zero where the limit is not a rate.</param>
/// <param name="Wanted">How much of the limit this process could use now, per second for rates.</param>
/// <param name="Used">How much of it is in use; zero for rates.</param>
/// <param name="Held">The share that this process acts on.</param>
[GenerateSerializer, Immutable, Alias("podflare.QuotaReport")]
public sealed record QuotaReport(
    [property: Id(0)] TenantId Tenant,
    [property: Id(1)] QuotaKind Kind,
    [property: Id(2)] double Limit,
    [property: Id(3)] double Burst,
    [property: Id(4)] double Wanted,
    [property: Id(5)] double Used,
    [property: Id(6)] double Held);

/// <summary>The reports of one process.</summary>
/// <param name="Process">Names the process; a restarted one has another name.</param>
/// <param name="Sequence">Rises with each exchange of the process. The board ignores what arrives late.</param>
/// <param name="Kinds">The kinds that this process divides with others, whether or not a tenant is active on it.</param>
/// <param name="IsEnforced">The process authenticates callers, so that every tenant has limits.</param>
/// <param name="IsPartial">The reports name only what the process needs at once. Otherwise it holds nothing that is not listed.</param>
[GenerateSerializer, Immutable, Alias("podflare.QuotaExchange")]
public sealed record QuotaExchange(
    [property: Id(0)] string Process,
    [property: Id(1)] long Sequence,
    [property: Id(2)] ImmutableArray<QuotaKind> Kinds,
    [property: Id(3)] bool IsEnforced,
    [property: Id(4)] bool IsPartial,
    [property: Id(5)] ImmutableArray<QuotaReport> Reports);

/// <summary>The share of one process in one limit of a tenant.</summary>
/// <param name="Amount">The share, per second for rates.</param>
/// <param name="Tokens">For rates: how much of the burst this process may use in addition to what it has.</param>
[GenerateSerializer, Immutable, Alias("podflare.QuotaShare")]
public sealed record QuotaShare(
    [property: Id(0)] TenantId Tenant,
    [property: Id(1)] QuotaKind Kind,
    [property: Id(2)] double Amount,
    [property: Id(3)] double Tokens);

/// <summary>The answer of the board to an exchange.</summary>
/// <param name="Shares">One for each report.</param>
/// <param name="Processes">Processes that have exchanged lately, for each of the kinds that the exchange named.</param>
/// <param name="IsEnforced">A process that has exchanged lately authenticates callers.</param>
/// <param name="IsListening">The board has just been activated, and grants nothing until it has heard what the processes hold.</param>
[GenerateSerializer, Immutable, Alias("podflare.QuotaAnswer")]
public sealed record QuotaAnswer(
    [property: Id(0)] ImmutableArray<QuotaShare> Shares,
    [property: Id(1)] ImmutableArray<int> Processes,
    [property: Id(2)] bool IsEnforced,
    [property: Id(3)] bool IsListening);
