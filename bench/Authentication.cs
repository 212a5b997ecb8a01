using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;
using Podflare.Hosts;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Processes;
using Podflare.Tenants;

namespace Podflare.Bench;

/// <summary>What it costs a frontend to find out who sends a request. It happens in memory, so it is measured in this process, with a registry that answers at once.</summary>
internal static class Authentication
{
    private const int Tenants = 1_000;
    private const int KeysPerTenant = 10;
    private const int Rounds = 200;
    private const double MostMicroseconds = 3;

    public static async Task MeasureAsync(Table table)
    {
        var secrets = Enumerable.Range(0, Tenants * KeysPerTenant).Select(_ => KeySecret.New()).ToArray();
        var snapshots = secrets.Chunk(KeysPerTenant).Select((chunk, number) => Tenant(chunk, number, TimeProvider.System.GetUtcNow())).ToDictionary(tenant => tenant.Id.Value);
        var settings = new AuthenticationSettings(EnvironmentKeys.Parse(null), AuthMode.Keys);
        var (time, options) = (TimeProvider.System, Options.Create(new KeyOptions()));
        var keys = new KeyTable(settings, time);
        await using var services = new ServiceCollection().BuildServiceProvider();
        using var tenants = new TenantDirectory(Registry.Factory(snapshots), new HostSilos(services, time), [keys], options, time, NullLogger<TenantDirectory>.Instance);
        await tenants.RefreshAsync(CancellationToken.None);
        using var wrong = new WrongKeyLimiter(options);
        var authenticator = new KeyAuthenticator(settings, keys, tenants, wrong, time);
        Random.Shared.Shuffle(secrets);
        var requests = secrets.Select(secret => new DefaultHttpContext { Request = { Headers = { Authorization = $"Bearer {secret}" } } }).ToArray();
        var took = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            foreach (var request in requests)
            {
                if ((await authenticator.AuthenticateAsync(request)).Scopes != KeyScopes.Sandboxes) throw new InvalidOperationException("A key was not accepted.");
            }

            // The first half warms up.
            if (round >= Rounds / 2) took.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds / requests.Length);
        }

        table.AtMost($"authentication, {secrets.Length:N0} keys of {Tenants:N0} tenants, median", "in process", new Sample(took).At(0.5), "µs", MostMicroseconds);
    }

    private static TenantSnapshot Tenant(string[] secrets, int number, DateTimeOffset now)
    {
        var id = new TenantId($"t{number}");
        var keys = secrets.Select((secret, i) => new KeyEntry(
            KeyHash.Of(secret), new KeyInfo(new KeyId($"key_{number:x12}{i:x12}"), id, "bench", KeyScopes.Sandboxes, KeySecret.PrefixOf(secret), now, "bench", now.AddDays(1))));
        return new TenantSnapshot(id, id.Value, TenantState.Active, TenantLimits.None, [.. keys], 1, now);
    }
}

/// <summary>Stands for the grains that a frontend asks for tenants.</summary>
[SuppressMessage("Performance", "CA1852:Seal internal types", Justification = "The proxy is a subtype that is made at run time.")]
internal class Registry : DispatchProxy
{
    private IReadOnlyDictionary<string, TenantSnapshot> _tenants = null!;
    private string _key = "";

    public static IGrainFactory Factory(IReadOnlyDictionary<string, TenantSnapshot> tenants) => Of<IGrainFactory>(tenants, "");

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(IGrainFactory.GetGrain) when targetMethod.ReturnType == typeof(ITenantRegistryGrain) => Of<ITenantRegistryGrain>(_tenants, (string)args![0]!),
        nameof(IGrainFactory.GetGrain) => Of<ITenantGrain>(_tenants, (string)args![0]!),
        nameof(ITenantRegistryGrain.Changes) => Task.FromResult(new TenantChanges(Guid.NewGuid(), 1, [.. _tenants.Values.Select(tenant => tenant.Id)])),
        nameof(ITenantGrain.Snapshot) => Task.FromResult<TenantSnapshot?>(_tenants[_key]),
        _ => throw new NotSupportedException(targetMethod.Name),
    };

    private static T Of<T>(IReadOnlyDictionary<string, TenantSnapshot> tenants, string key)
        where T : class
    {
        var proxy = Create<T, Registry>();
        ((Registry)(object)proxy)._tenants = tenants;
        ((Registry)(object)proxy)._key = key;
        return proxy;
    }
}
