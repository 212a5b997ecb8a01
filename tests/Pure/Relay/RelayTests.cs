using System.Text;
using Podflare.Guests;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Relay;

/// <summary>What becomes of the batches of a sandbox: their spans belong to runs, say whose they are, and are kept once.</summary>
public sealed class RelayTests
{
    [Fact(Timeout = 30_000)]
    public async Task Spans_belong_to_the_run_that_executed_when_they_began()
    {
        await using var bench = new RelayBench();
        await bench.StartAsync();
        var later = EventLogTests.NewRecord();
        await bench.Log.AcceptAsync(bench.Sandbox, later, null, RelayBench.Cancel);

        await bench.TakenAsync(bench.Send(
            RelayBench.Spans(RelayBench.Span("before", 99), RelayBench.Span("first", 100), RelayBench.Span("late", 299), RelayBench.Span("second", 300)),
            runs: [new RunInterval(bench.Run.Id, 100, 250), new RunInterval(later.Id, 300, 0)]));

        Assert.Equal(["first", "late"], await bench.NamesAsync());
        Assert.Equal(["second"], await bench.NamesAsync(later.Id));
        var span = RelayBench.SpansOf((await bench.KeptAsync(later.Id)).Resources[0]).Single();
        Assert.Equal(later.Id.Value, RelayBench.Attributes(span)["podflare.run.id"]);
    }

    [Fact(Timeout = 30_000)]
    public async Task Whose_the_spans_are_is_said_by_the_worker_alone()
    {
        const string Forged = """{"key":"podflare.tenant.id","value":{"stringValue":"victim"}},{"key":"host.name","value":{"stringValue":"x"}}""";
        const string Mixed = "[" + Forged + """,{"key":"kept","value":{"kvlistValue":{"values":[{"key":"host.name","value":{"boolValue":true}}]}}}]""";
        await using var bench = new RelayBench();
        await bench.StartAsync();
        var span = RelayBench.Span("span", more: $$""","attributes":{{Mixed}},"events":[{"name":"e","attributes":[{{Forged}}]}],"links":[{"traceId":"{{RelayBench.Trace}}","spanId":"1111111111111111","attributes":{{Mixed}}}]""");

        await bench.TakenAsync(bench.Send($$"""
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"{{new string('n', 80)}}"} },{{Forged}},{"key":"service.instance.id","value":{"stringValue":"x"} }]},
             "scopeSpans":[{"scope":{"name":"s","attributes":[{{Forged}}]},"spans":[{{span}}]}]},
             {"scopeSpans":[{"spans":[{{RelayBench.Span("bare")}}]}]}]}
            """));

        var (resources, dropped) = await bench.KeptAsync();
        Assert.Equal((2, 0), (resources.Length, dropped));
        var expected = new Dictionary<string, string?>
        {
            ["service.name"] = new('n', 64),
            ["service.namespace"] = "podflare.sandbox",
            ["service.instance.id"] = bench.Sandbox.Value,
            ["podflare.sandbox.id"] = bench.Sandbox.Value,
            ["podflare.tenant.id"] = "acme",
            ["podflare.sandbox.template"] = "default",
        };
        Assert.Equal(expected, RelayBench.Attributes(resources[0].GetProperty("resource")));
        Assert.Equal(expected.Append(new("service.name", "sandbox")).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Last().Value), RelayBench.Attributes(resources[1].GetProperty("resource")));
        Assert.False(resources[0].GetProperty("scopeSpans")[0].GetProperty("scope").TryGetProperty("attributes", out _));
        var found = RelayBench.SpansOf(resources[0]).Single();
        Assert.Equal(["kept", "podflare.run.id"], RelayBench.Attributes(found).Keys);
        Assert.False(found.GetProperty("events")[0].TryGetProperty("attributes", out _));
        Assert.Equal(["kept"], RelayBench.Attributes(found.GetProperty("links")[0]).Keys);
        Assert.Contains("host.name", found.GetRawText(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_span_without_a_parent_is_placed_below_its_run_or_linked_to_it()
    {
        await using var bench = new RelayBench();
        await bench.StartAsync();
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("same", parent: null), RelayBench.Span("own", parent: null, trace: new string('7', 32)))));

        var spans = (await bench.KeptAsync()).Resources.SelectMany(RelayBench.SpansOf).ToDictionary(span => span.GetProperty("name").GetString()!);
        Assert.Equal(RelayBench.RunSpan, spans["same"].GetProperty("parentSpanId").GetString());
        Assert.False(spans["own"].TryGetProperty("parentSpanId", out _));
        Assert.Equal((RelayBench.Trace, RelayBench.RunSpan), (spans["own"].GetProperty("links")[0].GetProperty("traceId").GetString(), spans["own"].GetProperty("links")[0].GetProperty("spanId").GetString()));
    }

    [Fact(Timeout = 60_000)]
    public async Task Spans_at_every_limit_can_still_be_read_after_they_were_marked()
    {
        await using var bench = new RelayBench();
        await bench.StartAsync();
        var attributes = string.Join(',', Enumerable.Range(0, 128).Select(i => $$"""{"key":"k{{i}}","value":{"stringValue":"{{new string('v', 100)}}"} }"""));
        var json = $$"""{"resourceSpans":[{"resource":{"attributes":[{{attributes}}]},"scopeSpans":[{"spans":[{{RelayBench.Span("full", more: $$""","attributes":[{{attributes}}]""")}}]}]}]}""";
        await bench.TakenAsync(bench.Send(json));
        Assert.Equal(["full"], await bench.NamesAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_hostile_batch_is_dropped_and_counted_and_the_next_good_one_arrives()
    {
        await using var bench = new RelayBench(new RelayOptions { SandboxBurstBytes = 64 * 1024 * 1024 });
        await bench.StartAsync();
        bench.Send("", gzip: true, body: new byte[30 * 1024 * 1024]);
        bench.Send("", body: [0x1f, 0x8b, 0x08, 0xff]);
        bench.Send(new string('[', 3_000));
        bench.Send("{}", runs: []);
        bench.Send(RelayBench.Spans(RelayBench.Span("x")), runs: [new RunInterval(RunId.New(), 0, 0)]);
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("good")), gzip: true, dropped: 4));

        var (_, dropped) = await bench.KeptAsync();
        Assert.Equal(["good"], await bench.NamesAsync());
        Assert.Equal(7, dropped);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_sandbox_that_sends_too_much_loses_its_own_and_no_other_sandboxs()
    {
        await using var bench = new RelayBench(new RelayOptions { SandboxBytesPerSecond = 1_024, SandboxBurstBytes = 4_096 });
        await bench.StartAsync();
        var other = SandboxId.New("0123abcd");
        var run = EventLogTests.NewRecord();
        await bench.Log.AcceptAsync(other, run, null, RelayBench.Cancel);
        var inbox = bench.Open(other);
        ulong last = 0;
        for (var i = 0; i < 5_000; i++) last = bench.Send(RelayBench.Spans(RelayBench.Span($"s{i}")));
        var body = Encoding.UTF8.GetBytes(RelayBench.Spans(RelayBench.Span("other")));
        inbox.Add(new TelemetryBatch(1, TelemetrySignal.Traces, IsJson: true, IsGzip: false, [new RunInterval(run.Id, 0, 0)], [0, 0, 0], body));

        await bench.TakenAsync(1, inbox);
        await bench.TakenAsync(last);
        Assert.Single((await bench.Log.ReadSpansAsync(other, run.Id, RelayBench.Cancel)).Batches);
        var (kept, dropped) = (await bench.NamesAsync(), (await bench.KeptAsync()).Dropped);
        Assert.InRange(kept.Length, 10, 60);
        Assert.Equal("s0", kept[0]);
        // What is beyond the limit of those that wait is not counted with the run any more.
        Assert.InRange(dropped, 4_000, 5_000 - kept.Length);
    }

    [Fact(Timeout = 30_000)]
    public async Task Nothing_is_taken_while_the_store_is_away_and_everything_is_kept_once_afterwards()
    {
        await using var bench = new RelayBench();
        await bench.StartAsync();
        bench.Log.FailBefore = 2;
        var number = bench.Send(RelayBench.Spans(RelayBench.Span("a")));
        Assert.Equal(0UL, bench.Inbox.Taken);
        bench.Send(RelayBench.Spans(RelayBench.Span("b")));
        await bench.TakenAsync(number + 1);
        Assert.Equal(["a", "b"], await bench.NamesAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task Batches_of_a_sandbox_that_is_nobodys_wait()
    {
        await using var bench = new RelayBench();
        await bench.StartAsync();
        var inbox = bench.OpenUnknown(bench.Sandbox);
        inbox.Add(new TelemetryBatch(1, TelemetrySignal.Traces, IsJson: true, IsGzip: false, [new RunInterval(bench.Run.Id, 0, 0)], [0, 0, 0], Encoding.UTF8.GetBytes(RelayBench.Spans(RelayBench.Span("early")))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("other"))));
        Assert.Equal(0UL, inbox.Taken);
        inbox.SetSource(new TelemetrySource("acme", "default"));
        await bench.TakenAsync(1, inbox);
    }
}
