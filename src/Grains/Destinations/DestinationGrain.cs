using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Audit;
using Podflare.Content;
using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Otlp;
using Podflare.Processes;
using Podflare.Storage;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Destinations;

/// <inheritdoc cref="IDestinationGrain"/>
[GrainType("destination"), HostPlacement]
public sealed class DestinationGrain(
    [FromKeyedServices(Stores.Kept)] IGrainStorage kept, IGrainContext context, DestinationDependencies services, TimeProvider time, ILogger<DestinationGrain> logger) : Grain, IDestinationGrain
{
    private const string TestSpan = "podflare.telemetry.test";

    // Of all workers together. One that does not answer in it reads the change a little later by itself.
    private static readonly TimeSpan SpreadLimit = TimeSpan.FromSeconds(2);

    private readonly GrainRecord<StoredDestination> _record = new(kept, "destination", context.GrainId, logger);
    private readonly TenantId _tenant = new(context.GrainId.Key.ToString()!);

    public override Task OnActivateAsync(CancellationToken cancellationToken) => _record.ReadAsync();

    public async Task<DestinationChange> Set(DestinationSpec spec, AuditOrigin origin)
    {
        services.Secrets.Require();
        if (services.Requests.Guard.Validate(spec.Endpoint, out _) is { } problem) throw new InvalidRequestException("endpoint", $"is not allowed: {problem}");
        if (spec.Redact.Any(static pattern => ContentPattern.Parse(pattern) is null)) throw new InvalidRequestException("redact", "must have regular expressions that need no backtracking");
        var before = Current;
        await WriteAsync(() => _record.WriteAsync(new StoredDestination
        {
            Endpoint = spec.Endpoint,
            HeaderNames = [.. spec.Headers.Keys],
            Headers = DestinationHeaders.Seal(services.Secrets, _tenant, spec.Headers),
            Signals = spec.Signals,
            UpdatedAt = time.GetUtcNow(),
            CaptureContent = spec.CaptureContent,
            Redact = spec.Redact,
        }));
        Report(origin, before, Current);
        var warnings = await SpreadAsync();
        return new DestinationChange(InfoOf(Current!, DestinationCounters.None), warnings);
    }

    public async Task<ImmutableArray<string>> Delete(AuditOrigin origin)
    {
        var before = Current;
        if (before is not null)
        {
            await WriteAsync(_record.ClearAsync);
            Report(origin, before, null);
        }

        return await SpreadAsync();
    }

    public async Task<DestinationInfo?> Get()
    {
        if (Current is not { } stored) return null;
        var counters = await Task.WhenAll(services.Silos.Alive().Select(CountAsync));
        return InfoOf(stored, counters.Aggregate(DestinationCounters.None, static (sum, one) => sum + one));
    }

    public Task<StoredDestination?> Read() => Task.FromResult(Current);

    public async Task<DestinationTest> Test()
    {
        if (Current is not { } stored) return new DestinationTest("none", 0);
        if (DestinationHeaders.TryOpen(services.Secrets, _tenant, stored.Headers) is not { } headers) return new DestinationTest("sealed", 0);
        // Also where the tenant wants other signals alone: a span is what every backend takes.
        var address = OtlpDestination.OfTenant(stored.Endpoint, headers, [OtlpDestination.NameOf(TelemetrySignal.Traces)])[TelemetrySignal.Traces];
        var began = time.GetTimestamp();
        var answer = await services.Requests.Requests.SendAsync(address, [TestBody()], CancellationToken.None);
        return new DestinationTest(answer.Outcome, Math.Round(time.GetElapsedTime(began).TotalMilliseconds, 1));
    }

    private StoredDestination? Current => _record.Exists ? _record.Value : null;

    private async Task WriteAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (InconsistentStateException)
        {
            // Another activation has written, or the answer to an earlier write was lost: what is stored counts.
            await _record.ReadAsync();
            throw new StorageUnavailableException();
        }
    }

    private async Task<ImmutableArray<string>> SpreadAsync()
    {
        var late = (await Task.WhenAll(services.Silos.Alive().Select(TryRefreshAsync))).Count(isDone => !isDone);
        return late == 0 ? [] : [$"{late} {(late == 1 ? "worker has" : "workers have")} not taken the change yet; within {services.Options.RefreshSeconds:0} seconds they do"];
    }

    private async Task<bool> TryRefreshAsync(string host)
    {
        try
        {
            await GrainFactory.GetGrain<IDestinationHostGrain>(host).Refresh(_tenant).WaitAsync(SpreadLimit, time);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or PodflareException)
        {
            return false;
        }
    }

    private async Task<DestinationCounters> CountAsync(string host)
    {
        try
        {
            return await GrainFactory.GetGrain<IDestinationHostGrain>(host).Count(_tenant).WaitAsync(SpreadLimit, time);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or PodflareException)
        {
            return DestinationCounters.None;
        }
    }

    private byte[] TestBody()
    {
        var data = new OtlpMessage(OtlpSchema.Traces);
        var group = data.Add("resourceSpans");
        group.Set("resource", new OtlpMessage(OtlpSchema.Find("Resource")).With("service.name", "podflare").With(Spans.TenantId, _tenant.Value));
        var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        var scope = group.Add("scopeSpans");
        scope.Set("scope", new OtlpMessage(OtlpSchema.Find("InstrumentationScope")).Set("name", Spans.SourceName).Set("version", ProductVersion.Text));
        scope.Add("spans").Set("traceId", RandomNumberGenerator.GetBytes(16)).Set("spanId", RandomNumberGenerator.GetBytes(8)).Set("name", TestSpan).Set("kind", 1)
            .Set("startTimeUnixNano", now).Set("endTimeUnixNano", now);
        return OtlpProtobufWriter.Write(data);
    }

    private static DestinationInfo InfoOf(StoredDestination stored, DestinationCounters counters) =>
        new(stored.Endpoint, stored.HeaderNames, stored.Signals, stored.UpdatedAt, counters) { CaptureContent = stored.CaptureContent, Redact = stored.Redact };

    private void Report(AuditOrigin origin, StoredDestination? before, StoredDestination? after) => services.Audit.Report(new AuditEntry(
        AuditEntry.NewId(), time.GetUtcNow(), _tenant, AuditAction.TelemetryUpdate, origin.Actor, new AuditTarget("telemetry", _tenant.Value), origin.Source, origin.TraceId,
        ImmutableSortedDictionary<string, AuditChange>.Empty.WithComparers(StringComparer.Ordinal)
            .Add("endpoint", AuditChange.Of(before?.Endpoint, after?.Endpoint))
            .Add("capture_content", AuditChange.Of(WordOf(before), WordOf(after)))));

    private static string? WordOf(StoredDestination? stored) => stored is null ? null : stored.CaptureContent ? "true" : "false";
}
