using System.Collections.Immutable;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Destinations;
using Podflare.Guests;
using Podflare.Otlp;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Secrets;
using Podflare.Traces;

namespace Podflare.Relay;

/// <summary>The relay of a process with one sandbox and its first run, over a memory log.</summary>
internal sealed class RelayBench : IAsyncDisposable
{
    public const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    public const string RunSpan = "2222222222222222";

    private readonly MemoryEventLog _memory = new(Options.Create(new RunOptions()), TimeProvider.System);
    private readonly OtlpRequestsOfTenants _requests;
    private readonly RelayForwarder _forwarder;
    private readonly RelayPump _pump;
    private ulong _number;

    /// <param name="endpoint">The operator's; null for none.</param>
    public RelayBench(RelayOptions? options = null, Uri? endpoint = null)
    {
        var wrapped = Options.Create(options ?? new RelayOptions());
        var settings = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint?.ToString(), ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=a%20b" }).Build();
        Log = new UnreliableLog(_memory);
        var destinations = Options.Create(new DestinationOptions { AllowHttp = true, AllowedAddresses = "127.0.0.1", RefreshSeconds = 3_600 });
        _requests = new OtlpRequestsOfTenants(destinations, TimeProvider.System);
        Destinations = new TenantDestinations(Stored, new SecretBox(new byte[32]), _requests, destinations, TimeProvider.System, NullLogger<TenantDestinations>.Instance);
        _forwarder = new RelayForwarder(settings, wrapped, Destinations, TimeProvider.System, NullLogger<RelayForwarder>.Instance);
        _pump = new RelayPump(
            new RelayProcessor(new RelayRecorder(Log), _forwarder, new TenantBudgets(wrapped, TimeProvider.System), wrapped), wrapped, TimeProvider.System, NullLogger<RelayPump>.Instance);
        Inbox = _pump.Open(Sandbox, () => { });
        Inbox.SetSource(new TelemetrySource("acme", "default"));
    }

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public SandboxId Sandbox { get; } = SandboxId.New("0123abcd");

    public RunRecord Run { get; } = EventLogTests.NewRecord() with { Trace = new RunTrace($"00-{Trace}-00f067aa0ba902b7-01", Span: $"00-{Trace}-{RunSpan}-01") };

    public UnreliableLog Log { get; }

    public ITelemetryInbox Inbox { get; }

    /// <summary>The destinations of tenants, as a store has them.</summary>
    public StoredDestinations Stored { get; } = new();

    public TenantDestinations Destinations { get; }

    public async Task StartAsync()
    {
        await Log.AcceptAsync(Sandbox, Run, null, Cancel);
        await _forwarder.StartAsync(Cancel);
        await _pump.StartAsync(Cancel);
    }

    public ITelemetryInbox Open(SandboxId sandbox)
    {
        var inbox = _pump.Open(sandbox, () => { });
        inbox.SetSource(new TelemetrySource("other", "default"));
        return inbox;
    }

    /// <summary>The inbox of a sandbox that belongs to nobody yet.</summary>
    public ITelemetryInbox OpenUnknown(SandboxId sandbox) => _pump.Open(sandbox, () => { });

    /// <summary>A batch of traces whose spans began at these times, in ms; the run began at 100.</summary>
    public static string Spans(params string[] spans) => $$"""{"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"scope":{"name":"s"},"spans":[{{string.Join(',', spans)}}]}]}]}""";

    public static string Span(string name, long startMs = 200, string? parent = RunSpan, string trace = Trace, string more = "")
    {
        var id = Convert.ToHexStringLower(Encoding.UTF8.GetBytes(name.PadRight(8)[..8]));
        var above = parent is null ? "" : $"""
            ,"parentSpanId":"{parent}"
            """;
        return $$"""{"traceId":"{{trace}}","spanId":"{{id}}"{{above}},"name":"{{name}}","startTimeUnixNano":"{{startMs}}000000","endTimeUnixNano":"{{startMs}}000001"{{more}}}""";
    }

    /// <summary>Sends a batch of JSON.</summary>
    /// <returns>Its number.</returns>
    public ulong Send(string json, TelemetrySignal signal = TelemetrySignal.Traces, ImmutableArray<RunInterval>? runs = null, bool gzip = false, byte[]? body = null, long dropped = 0)
    {
        body ??= Encoding.UTF8.GetBytes(json);
        if (gzip) body = Gzip(body);
        Inbox.Add(new TelemetryBatch(++_number, signal, IsJson: true, gzip, runs ?? [new RunInterval(Run.Id, 100, 0)], [dropped, 0, 0], body));
        return _number;
    }

    public static byte[] Gzip(byte[] body)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Optimal)) gzip.Write(body);
        return buffer.ToArray();
    }

    public async Task TakenAsync(ulong number, ITelemetryInbox? inbox = null)
    {
        while ((inbox ?? Inbox).Taken < number) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancel);
    }

    /// <summary>What is kept with a run: its resources as JSON.</summary>
    public async Task<(JsonElement[] Resources, long Dropped)> KeptAsync(RunId? run = null)
    {
        var kept = await Log.ReadSpansAsync(Sandbox, run ?? Run.Id, Cancel);
        var trace = new OtlpMessage(OtlpSchema.Traces);
        foreach (var batch in kept.Batches) RunTraceView.Add(trace, batch);
        return (JsonDocument.Parse(OtlpJson.Write(trace)).RootElement.TryGetProperty("resourceSpans", out var resources) ? [.. resources.EnumerateArray()] : [], kept.Dropped);
    }

    public async Task<string[]> NamesAsync(RunId? run = null) =>
        [.. (await KeptAsync(run)).Resources.SelectMany(SpansOf).Select(span => span.GetProperty("name").GetString()!)];

    public static IEnumerable<JsonElement> SpansOf(JsonElement resource) => resource.GetProperty("scopeSpans").EnumerateArray().SelectMany(scope => scope.GetProperty("spans").EnumerateArray());

    public static Dictionary<string, string?> Attributes(JsonElement of) => of.TryGetProperty("attributes", out var list)
        ? list.EnumerateArray().ToDictionary(pair => pair.GetProperty("key").GetString()!, string? (pair) => pair.GetProperty("value").EnumerateObject().First().Value.ToString())
        : [];

    public async ValueTask DisposeAsync()
    {
        await _pump.StopAsync(CancellationToken.None);
        await _forwarder.StopAsync(CancellationToken.None);
        _pump.Dispose();
        _forwarder.Dispose();
        _requests.Dispose();
        _memory.Dispose();
    }
}
