using System.Diagnostics;

namespace Podflare.NetSdk.Scripted;

/// <summary>Tests that change settings of the process, so they run alone.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class TracingTests : IDisposable
{
    private const string A = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private const string B = "00-11111111111111111111111111111111-2222222222222222-01";
    private const string C = "00-33333333333333333333333333333333-4444444444444444-00";
    private const string Short = "00-4bf92f3564d486ad-00f067aa0ba902b7-01";
    private const string Padded = "00-00000000000000004bf92f3564d486ad-00f067aa0ba902b7-01";
    private const string Info = """{"id":"sbx_1","state":"ready","warnings":["from the server"]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Environment.SetEnvironmentVariable("PODFLARE_TRACEPARENT", null);

    [Theory]
    [InlineData(A, B, C, A)]
    [InlineData(null, B, C, B)]
    [InlineData(null, null, C, C)]
    [InlineData(null, null, null, null)]
    [InlineData(Short, B, C, Padded)]
    [InlineData(null, Short, null, Padded)]
    [InlineData(null, null, Short, Padded)]
    [InlineData(null, null, "nonsense", null)]
    [InlineData(null, B, "nonsense", B)]
    public async Task The_nearest_context_is_sent_with_every_call(string? ofSandbox, string? ofClient, string? ofEnvironment, string? expected)
    {
        Environment.SetEnvironmentVariable("PODFLARE_TRACEPARENT", ofEnvironment);
        var server = new ScriptedServer().Json(Info).Stream(ScriptedServer.Lines(1, 1)).Stream(ScriptedServer.Lines(2, 2, exit: true)).Json(Info);
        var sandbox = await server.Connect(o => o.TraceParent = ofClient).CreateSandboxAsync(new SandboxOptions { TraceParent = ofSandbox }, Cancellation);
        await sandbox.RunAsync("1", cancellationToken: Cancellation);
        await sandbox.GetInfoAsync(Cancellation);
        Assert.Equal(4, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.Equal(expected, request.TraceParent));
        Assert.Equal(ofSandbox == Short ? 2 : 1, sandbox.Warnings.Count);
    }

    [Fact]
    public async Task Inside_of_an_activity_the_header_is_left_to_the_http_client()
    {
        using var activity = new Activity("caller").Start();
        var server = new ScriptedServer().Json(Info);
        await server.Connect(o => o.TraceParent = A).CreateSandboxAsync(cancellationToken: Cancellation);
        Assert.Null(server.Requests[0].TraceParent);
    }

    [Fact]
    public void An_invalid_environment_is_logged_once_and_a_padded_value_too()
    {
        var log = new LogRecorder();
        Environment.SetEnvironmentVariable("PODFLARE_TRACEPARENT", "nonsense");
        using (new PodflareClient(new PodflareClientOptions(), log)) Assert.Contains("ignored", Assert.Single(log.Lines), StringComparison.Ordinal);
        log.Lines.Clear();
        Environment.SetEnvironmentVariable("PODFLARE_TRACEPARENT", Short);
        using (new PodflareClient(new PodflareClientOptions(), log)) Assert.Contains(Padded, Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_spans_are_children_of_the_caller_or_of_the_given_context()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ClientTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        var server = new ScriptedServer().Json(Info).Stream(ScriptedServer.Lines(1, 1, exit: true)).Refuse(404, "sandbox_not_found");
        var sandbox = await server.Connect(o => o.TraceParent = A).CreateSandboxAsync(cancellationToken: Cancellation);
        Assert.Null(Activity.Current);
        await foreach (var _ in sandbox.RunStreamAsync("1", cancellationToken: Cancellation)) Assert.Null(Activity.Current);
        using (var caller = new Activity("caller").Start())
        {
            await Assert.ThrowsAsync<SandboxNotFoundException>(() => sandbox.RunAsync("1", cancellationToken: Cancellation));
            Assert.Same(caller, Activity.Current);
            Assert.Equal(caller.TraceId, spans[2].TraceId);
        }

        Assert.Equal(["podflare.client.sandbox.create", "podflare.client.run", "podflare.client.run"], spans.Select(span => span.OperationName));
        Assert.All(spans.Take(2), span => Assert.Equal((A[3..35], A[36..52]), (span.TraceId.ToHexString(), span.ParentSpanId.ToHexString())));
        Assert.Equal(("run_1", 0), (spans[1].GetTagItem("podflare.run.id"), spans[1].GetTagItem("process.exit.code")));
        Assert.Equal((ActivityStatusCode.Error, "sandbox_not_found"), (spans[2].Status, spans[2].GetTagItem("error.type")));
    }
}
