using Microsoft.Extensions.Options;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Webhooks;

/// <summary>The calls that this process makes: a limited number at the same time, of which no tenant gets more than half.</summary>
public sealed class WebhookCalls : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TenantId, (SemaphoreSlim Slots, int Users)> _tenants = [];
    private readonly SemaphoreSlim _slots;
    private readonly WebhookCaller _caller;
    private readonly int _perTenant;

    public WebhookCalls(IOptions<WebhookOptions> options)
    {
        var call = options.Value.ToCallOptions();
        Guard = new AddressGuard(call);
        _caller = new WebhookCaller(Guard, call);
        _slots = new SemaphoreSlim(options.Value.AtOnce);
        _perTenant = Math.Max(1, options.Value.AtOnce / 2);
    }

    /// <summary>Which addresses webhooks may have.</summary>
    public AddressGuard Guard { get; }

    /// <summary>Makes one attempt, when it is its turn.</summary>
    public async Task<WebhookAttempt> CallAsync(TenantId tenant, WebhookCall call, CancellationToken cancellationToken)
    {
        var own = Enter(tenant);
        try
        {
            await own.WaitAsync(cancellationToken);
            try
            {
                await _slots.WaitAsync(cancellationToken);
                try
                {
                    var attempt = await _caller.CallAsync(call, cancellationToken);
                    Instruments.WebhookDeliveries.Add(1, new KeyValuePair<string, object?>("outcome", LabelOf(attempt)));
                    return attempt;
                }
                finally
                {
                    _slots.Release();
                }
            }
            finally
            {
                own.Release();
            }
        }
        finally
        {
            Leave(tenant);
        }
    }

    public void Dispose()
    {
        _caller.Dispose();
        _slots.Dispose();
    }

    private SemaphoreSlim Enter(TenantId tenant)
    {
        lock (_lock)
        {
            var (slots, users) = _tenants.TryGetValue(tenant, out var known) ? known : (new SemaphoreSlim(_perTenant), 0);
            _tenants[tenant] = (slots, users + 1);
            return slots;
        }
    }

    private void Leave(TenantId tenant)
    {
        lock (_lock)
        {
            var (slots, users) = _tenants[tenant];
            if (users == 1) _tenants.Remove(tenant);
            else _tenants[tenant] = (slots, users - 1);
        }
    }

    private static string LabelOf(WebhookAttempt attempt) => attempt.Result switch
    {
        WebhookResult.Success => "delivered",
        WebhookResult.Gone => "gone",
        WebhookResult.SlowDown => "slow_down",
        _ => char.IsAsciiDigit(attempt.Outcome[0]) ? "status" : attempt.Outcome,
    };
}
