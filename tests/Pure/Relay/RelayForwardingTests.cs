using System.Net;
using Podflare.Guests;

namespace Podflare.Relay;

/// <summary>What comes from sandboxes goes to the OTLP endpoint of the process, over real HTTP.</summary>
public sealed class RelayForwardingTests
{
    [Fact(Timeout = 30_000)]
    public async Task All_signals_are_forwarded_marked_and_with_the_configured_headers_alone()
    {
        using var receiver = new OtlpReceiver();
        await using var bench = new RelayBench(endpoint: receiver.Address);
        await bench.StartAsync();
        bench.Send(RelayBench.Spans(RelayBench.Span("a")));
        bench.Send("""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"200000000","body":{"stringValue":"line"}}]}]}]}""", TelemetrySignal.Logs);
        await bench.TakenAsync(bench.Send("""{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"3"}]}}]}]}]}""", TelemetrySignal.Metrics));

        var requests = new[] { await receiver.NextAsync(), await receiver.NextAsync(), await receiver.NextAsync() };
        Assert.Equal(["/v1/traces a b", "/v1/logs a b", "/v1/metrics a b"], requests.Select(request => $"{request.Path} {request.Key}"));
        Assert.All(requests, request => Assert.Contains(bench.Sandbox.Value, request.Text, StringComparison.Ordinal));
        Assert.All(requests[..2], request => Assert.Contains(bench.Run.Id.Value, request.Text, StringComparison.Ordinal));
        Assert.DoesNotContain(bench.Run.Id.Value, requests[2].Text, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_busy_endpoint_gets_it_again_together_with_what_came_meanwhile_and_nobody_waits_for_it()
    {
        using var receiver = new OtlpReceiver(HttpStatusCode.ServiceUnavailable, HttpStatusCode.TooManyRequests);
        await using var bench = new RelayBench(endpoint: receiver.Address);
        await bench.StartAsync();
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("a"))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("b"))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("c"))));
        var texts = new List<string>();
        while (!texts.Any(text => text.Contains("\"c\"", StringComparison.Ordinal))) texts.Add((await receiver.NextAsync()).Text);

        Assert.Equal(texts[0], texts[1]);
        Assert.Equal(texts[0], texts[2]);
        Assert.Equal(["a", "b", "c"], await bench.NamesAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task What_the_endpoint_refuses_is_dropped_and_one_that_never_answers_delays_nothing_for_long()
    {
        using var receiver = new OtlpReceiver(HttpStatusCode.BadRequest, null);
        await using var bench = new RelayBench(new RelayOptions { ForwardTimeoutSeconds = 5 }, receiver.Address);
        await bench.StartAsync();
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("refused"))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("hangs"))));
        await bench.TakenAsync(bench.Send(RelayBench.Spans(RelayBench.Span("next"))));

        Assert.Equal(["refused", "hangs", "next"], await bench.NamesAsync());
        Assert.Contains("refused", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Contains("hangs", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Contains("hangs", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
        Assert.Contains("next", (await receiver.NextAsync()).Text, StringComparison.Ordinal);
    }
}
