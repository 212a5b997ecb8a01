using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Hosts;
using Podflare.Storage;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>The sandbox that an idempotency key has created. Written before the sandbox grain is called, so that a crash leaves no second sandbox.</summary>
[GenerateSerializer, Immutable, Alias("podflare.CreationRecord")]
public sealed record CreationRecord
{
    [Id(0)] public string PayloadHash { get; init; } = "";

    [Id(1)] public string Sandbox { get; init; } = "";
}

/// <inheritdoc cref="ICreationGrain"/>
/// <remarks>Its calls do not interleave: of two requests with one key at the same time, the second finds the result of the first.</remarks>
[GrainType("creation"), HostPlacement]
public sealed class CreationGrain(
    [FromKeyedServices(Stores.Expiring)] IGrainStorage expiring, IGrainContext context, LocalHost host, SandboxCreator creator, ILogger<CreationGrain> logger)
    : Grain, ICreationGrain
{
    private readonly GrainRecord<CreationRecord> _record = new(expiring, "creation", context.GrainId, logger);

    public override Task OnActivateAsync(CancellationToken cancellationToken) => _record.ReadAsync();

    public async Task<Creation> Create(TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        // A stop does not wait for creates: another worker continues from the record.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, host.Stopping);
        try
        {
            return await CreateOnceAsync(tenant, spec, limit.Token).WaitAsync(host.Stopping);
        }
        catch (OperationCanceledException) when (host.Draining)
        {
            throw new ShuttingDownException();
        }
        catch (InconsistentStateException)
        {
            // Another activation has written, or the answer to an earlier write was lost: what is stored counts.
            await _record.ReadAsync();
            throw new StorageUnavailableException();
        }
    }

    private async Task<Creation> CreateOnceAsync(TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        var hash = spec.PayloadHash();
        var creation = this.GetPrimaryKeyString();
        if (_record.Exists)
        {
            if (_record.Value.PayloadHash != hash) throw new IdempotencyKeyReusedException();
            try
            {
                var known = GrainFactory.GetGrain<ISandboxGrain>(_record.Value.Sandbox);
                return new Creation(await known.Create(creation, tenant, spec, cancellationToken), Joined: true);
            }
            catch (LeaseGoneException)
            {
                // The claim expired before the sandbox had a record: nobody has seen it, so another sandbox replaces it.
            }
        }

        var made = await creator.CreateAsync(creation, tenant, spec, sandbox => _record.WriteAsync(new CreationRecord { PayloadHash = hash, Sandbox = sandbox.Value }), cancellationToken);
        return new Creation(made, Joined: false);
    }
}
