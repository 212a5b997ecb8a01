using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Podflare.Hosts;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <inheritdoc cref="IQuotaBoardGrain"/>
[GrainType("quota-board"), HostPlacement]
public sealed class QuotaBoardGrain(IOptions<QuotaOptions> options, ISiloStatusOracle silos, TimeProvider time) : Grain, IQuotaBoardGrain
{
    private readonly QuotaBoard _board = new(options.Value, () => silos.GetApproximateSiloStatuses(onlyActive: true).Count, time);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // An idle board would forget what the processes hold, although they call it all the time.
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public Task<double> Used(TenantId tenant, QuotaKind kind) => Task.FromResult(_board.UsedOf(tenant, kind));

    public Task<QuotaAnswer> Exchange(QuotaExchange exchange) => Task.FromResult(_board.Exchange(exchange));
}
