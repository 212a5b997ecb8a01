using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Podflare.Content;
using Podflare.Guests;
using Podflare.Relay;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Destinations;

/// <summary>What belongs to a tenant goes to its own destination, over real HTTP. The sandbox of the bench is of the tenant acme.</summary>
public sealed class TenantDestinationTests
{
    private const string Line = """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"200000000","body":{"stringValue":"line"}}]}]}]}""";
    private static readonly TenantId Acme = new("acme");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30_000)]
    public async Task A_tenant_with_a_destination_gets_its_data_there_and_the_operator_gets_that_of_others_alone()
    {
        using var own = new OtlpReceiver();
        using var ofOperator = new OtlpReceiver();
        await using var bench = new RelayBench(endpoint: ofOperator.Address);
        bench.Stored.Set("acme", own.Address, "secret");
        await bench.StartAsync();
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("mine"))));
        var other = bench.Open(SandboxId.New("0123abcd"));
        other.Add(new TelemetryBatch(1, TelemetrySignal.Logs, IsJson: true, IsGzip: false, [], [0, 0, 0], System.Text.Encoding.UTF8.GetBytes(Line)));

        var (mine, theirs) = (await own.NextAsync(), await ofOperator.NextAsync());

        Assert.Equal(("/v1/traces", "secret"), (mine.Path, mine.Key));
        Assert.Contains("\"mine\"", mine.Text, StringComparison.Ordinal);
        Assert.Equal(("/v1/logs", "a b"), (theirs.Path, theirs.Key));
        Assert.Equal((0, 0), (own.Waiting, ofOperator.Waiting));
        Assert.Equal(["mine"], await bench.NamesAsync());
        await Until(() => bench.Destinations.Count(Acme) is { Sent: 1, Dropped: 0, LastError: null, LastSuccessAt: not null });
    }

    [Fact(Timeout = 30_000)]
    public async Task A_signal_that_the_tenant_does_not_want_goes_nowhere()
    {
        using var own = new OtlpReceiver();
        using var ofOperator = new OtlpReceiver();
        await using var bench = new RelayBench(endpoint: ofOperator.Address);
        bench.Stored.Set("acme", own.Address, "k", "logs");
        await bench.StartAsync();
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("unwanted"))));
        await bench.TakenAsync(bench.Send(Line, TelemetrySignal.Logs));

        Assert.Equal("/v1/logs", (await own.NextAsync()).Path);
        Assert.Equal((0, 0), (own.Waiting, ofOperator.Waiting));
        Assert.Equal(["unwanted"], await bench.NamesAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task While_the_destination_cannot_be_read_nothing_goes_to_the_operator_and_nothing_is_lost()
    {
        using var own = new OtlpReceiver();
        using var ofOperator = new OtlpReceiver();
        await using var bench = new RelayBench(endpoint: ofOperator.Address);
        bench.Stored.Set("acme", own.Address);
        bench.Stored.IsAway = true;
        await bench.StartAsync();
        var number = bench.Send(RelayBench.Spans(RelayBench.Span("waits")));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => bench.Destinations.FindAsync(Acme, Cancel));

        bench.Stored.IsAway = false;
        await bench.TakenAsync(number);

        Assert.Contains("waits", (await own.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Equal(0, ofOperator.Waiting);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_destination_that_never_answers_delays_neither_its_tenant_nor_a_neighbour()
    {
        using var hanging = new OtlpReceiver(null, null, null);
        using var ofOperator = new OtlpReceiver();
        await using var bench = new RelayBench(endpoint: ofOperator.Address);
        bench.Stored.Set("acme", hanging.Address);
        await bench.StartAsync();
        bench.Send(RelayBench.Spans(RelayBench.Span("hangs")));
        await hanging.NextAsync();
        var other = bench.Open(SandboxId.New("0123abcd"));
        other.Add(new TelemetryBatch(1, TelemetrySignal.Logs, IsJson: true, IsGzip: false, [], [0, 0, 0], System.Text.Encoding.UTF8.GetBytes(Line)));

        Assert.Equal("/v1/logs", (await ofOperator.NextAsync()).Path);
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("next"))));
        Assert.Equal(["hangs", "next"], await bench.NamesAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task A_change_is_used_as_soon_as_it_is_told_and_a_removed_destination_leaves_the_data_to_the_operator()
    {
        using var first = new OtlpReceiver();
        using var second = new OtlpReceiver();
        using var ofOperator = new OtlpReceiver();
        await using var bench = new RelayBench(endpoint: ofOperator.Address);
        bench.Stored.Set("acme", first.Address);
        await bench.StartAsync();
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("one"))));
        bench.Stored.Set("acme", second.Address);
        await bench.Destinations.RefreshAsync(Acme);
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("two"))));
        bench.Stored.Remove("acme");
        await bench.Destinations.RefreshAsync(Acme);
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("three"))));

        foreach (var (receiver, name) in new[] { (first, "one"), (second, "two"), (ofOperator, "three") })
            Assert.Contains($"\"{name}\"", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Equal((0, 0, 0), (first.Waiting, second.Waiting, ofOperator.Waiting));
    }

    [Fact(Timeout = 30_000)]
    public async Task An_internal_address_and_a_refusal_are_dropped_and_counted_with_their_reason()
    {
        using var receiver = new OtlpReceiver(HttpStatusCode.Unauthorized);
        foreach (var (allowed, outcome) in new[] { ("", "address_refused"), ("127.0.0.1", "401") })
        {
            var options = Options.Create(new DestinationOptions { AllowHttp = true, AllowedAddresses = allowed });
            using var requests = new OtlpRequestsOfTenants(options, TimeProvider.System);
            var stored = new StoredDestinations();
            stored.Set("acme", new Uri($"http://localhost:{receiver.Address.Port}/"));
            var destinations = new TenantDestinations(stored, new Secrets.SecretBox(new byte[32]), requests, options, TimeProvider.System, NullLogger<TenantDestinations>.Instance);
            // "localhost" may have another address as well, which is not allowed.
            if (allowed.Length > 0) stored.Set("acme", receiver.Address);
            await (await destinations.FindAsync(Acme, Cancel)).Sender!.Add(TelemetrySignal.Traces, [], 3).WaitAsync(Cancel);

            await Until(() => destinations.Count(Acme) is { Sent: 0, Dropped: 3 } counters && counters.LastError == outcome);
            await destinations.StopAsync(Cancel);
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task The_spans_of_a_run_that_has_ended_go_to_its_tenant_unless_its_caller_does_not_sample_them()
    {
        using var receiver = new OtlpReceiver();
        await using var bench = new RelayBench();
        bench.Stored.Set("acme", receiver.Address);
        using var reporter = Reporter(bench, out _);
        await reporter.StartAsync(Cancel);
        var ending = new RunEnding(1, null, DateTimeOffset.UnixEpoch.AddSeconds(1), DateTimeOffset.UnixEpoch.AddSeconds(2), ReplRestarted: false);
        var unsampled = EventLogTests.NewRecord() with { Trace = new RunTrace($"00-{RelayBench.Trace}-00f067aa0ba902b7-00", Parent: $"00-{RelayBench.Trace}-1111111111111111-00"), Ending = ending };
        reporter.Report(Info("acme"), unsampled, 2, null);
        reporter.Report(Info("other"), bench.Run with { Ending = ending }, 2, null);
        reporter.Report(Info("acme"), bench.Run with { Ending = ending }, 2, null);

        var request = await receiver.NextAsync();

        Assert.Equal("/v1/traces", request.Path);
        foreach (var part in new[] { bench.Run.Id.Value, "execute_tool run_code", "podflare.run.queue", "podflare.run.execute", RelayBench.RunSpan, "exit_nonzero" })
            Assert.Contains(part, request.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(unsampled.Id.Value, request.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("other", request.Text, StringComparison.Ordinal);
        Assert.Equal(0, receiver.Waiting);
        await reporter.StopAsync(Cancel);
    }

    [Fact(Timeout = 30_000)]
    public async Task Code_and_output_are_sent_redacted_where_the_tenant_wants_them_and_its_caller_does_not_forbid_it()
    {
        using var receiver = new OtlpReceiver();
        await using var bench = new RelayBench();
        bench.Stored.Set("acme", receiver.Address, capture: true, "traces");
        bench.Stored.Set("other", receiver.Address, capture: false, "traces");
        using var reporter = Reporter(bench, out var budget);
        await reporter.StartAsync(Cancel);
        await bench.Destinations.FindAsync(new TenantId("other"), Cancel);
        Assert.Null(reporter.Begin(new TenantId("other"), "code"u8, []));
        var content = reporter.Begin(Acme, "token = 'sesame-open'; print(1)"u8, ["sesame-open"])!;
        content.AddOutput("Bearer abcdefghijk\nid 4711\n"u8, isError: false);
        content.AddOutput("oh\n"u8, isError: true);
        var ended = bench.Run with { Ending = new RunEnding(3, null, DateTimeOffset.UnixEpoch.AddSeconds(1), DateTimeOffset.UnixEpoch.AddSeconds(2), ReplRestarted: false) };
        reporter.Report(Info("acme"), ended, 2, content);
        reporter.Report(Info("acme"), ended with { Details = new RunDetails(NoContent: true) }, 2, null);
        reporter.Report(Info("acme"), ended, 2, null);
        reporter.Report(Info("other"), ended, 2, null);
        var texts = "";
        while (texts.Split("execute_tool run_code").Length < 5) texts += (await receiver.NextAsync()).Text;

        Assert.Contains("token = '[redacted]'; print(1)", Plain(texts), StringComparison.Ordinal);
        Assert.Contains("[redacted]\\nid [redacted]\\n", Plain(texts), StringComparison.Ordinal);
        foreach (var key in new[] { "input.value", "input.mime_type", "output.value", "output.mime_type", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "podflare.content.lost" })
            Assert.Equal(2, texts.Split($"\"{key}\"").Length);
        foreach (var secret in new[] { "sesame", "abcdefghijk", "4711" }) Assert.DoesNotContain(secret, texts, StringComparison.Ordinal);
        await Until(() => budget.TryTake(64 * 1024 * 1024));
        await reporter.StopAsync(Cancel);
    }

    [Fact]
    public void The_sandboxes_of_a_tenant_share_a_budget()
    {
        var time = new FakeTimeProvider();
        var budgets = new TenantBudgets(Options.Create(new RelayOptions { TenantBytesPerSecond = 1_024, TenantBurstBytes = 4_096 }), time);
        Assert.True(budgets.Of("acme").TryTake(4_096));
        Assert.False(budgets.Of("acme").TryTake(1));
        Assert.True(budgets.Of("other").TryTake(1));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(budgets.Of("acme").TryTake(1_024));
        Assert.False(budgets.Of("acme").TryTake(1));
    }

    private static RunSpanReporter Reporter(RelayBench bench, out ContentBudget budget)
    {
        var options = Options.Create(new ContentOptions());
        budget = new ContentBudget(options);
        return new RunSpanReporter(
            bench.Destinations, budget, new RunContentView(new ContentRenderer(new ContentFilter(), options)), Options.Create(new DestinationOptions()), NullLogger<RunSpanReporter>.Instance);
    }

    // JSON within JSON has its characters escaped twice.
    private static string Plain(string json) => json.Replace("\\u0027", "'", StringComparison.Ordinal);

    private static SandboxInfo Info(string tenant) => new(
        SandboxId.New("0123abcd"), new TenantId(tenant), SandboxState.Ready, "default", ImmutableSortedDictionary<string, string>.Empty, false, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, TimeSpan.Zero, null, null);

    private static async Task Until(Func<bool> condition)
    {
        while (!condition()) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancel);
    }
}
