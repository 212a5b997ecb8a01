using System.Text.Json;
using Podflare.Telemetry;

namespace Podflare;

/// <summary>What a caller's trace headers and fields do, over a real socket.</summary>
public sealed class TraceTests(SharedCluster shared)
{
    private const string T = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string S = "00f067aa0ba902b7";
    private const string Short = "4bf92f3564d486ad";

    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData($"00-{T}-{S}-01", T)]
    [InlineData($"00-{T}-{S}-00", T)]
    [InlineData($"cc-{T}-{S}-01-x", T)]
    [InlineData($"00-{Short}-{S}-01", $"0000000000000000{Short}")]
    [InlineData($"00-{T}-{S}-01-x", null)]
    [InlineData($"00_{T}_{S}_01", null)]
    [InlineData($"ff-{T}-{S}-01", null)]
    [InlineData($"00-{T}-{S}-01,00-{T}-{S}-01", null)]
    public async Task Every_answer_tells_the_trace_that_it_belongs_to(string header, string? expected)
    {
        foreach (var (method, path) in new[] { ("POST", "/v1/sandboxes"), ("GET", "/v1/sandboxes/sbx_1"), ("GET", "/livez") })
        {
            var reply = await _cluster.Client.SendAsync(method, path, method == "POST" ? "{}" : null, true, ("traceparent", header));
            var trace = reply.Header("Podflare-Trace-Id")!;
            Assert.Matches("^[0-9a-f]{32}$", trace);
            if (expected is not null) Assert.Equal(expected, trace);
            else Assert.NotEqual(T, trace);
            Assert.Matches($"^trace;desc=00-{trace}-[0-9a-f]{{16}}-0[0-3]$", reply.Header("Server-Timing"));
            Assert.DoesNotContain(S, reply.Header("Server-Timing"), StringComparison.Ordinal);
            if ((int)reply.StatusCode == 404) Assert.Equal(trace, (await reply.AssertProblemAsync(404, "sandbox_not_found")).GetProperty("trace_id").GetString());
        }
    }

    [Fact]
    public async Task Two_traceparent_headers_begin_a_new_trace()
    {
        var reply = await _cluster.Client.SendAsync("GET", "/livez", null, true, ("traceparent", $"00-{T}-{S}-01"), ("traceparent", $"00-{T}-{S}-01"));
        Assert.NotEqual(T, reply.Header("Podflare-Trace-Id"));
    }

    [Fact]
    public async Task A_sandbox_is_bound_to_its_field_else_to_the_header_else_to_the_call()
    {
        const string other = $"00-{S}{S}-{S}-00";
        var body = JsonSerializer.Serialize(new { traceparent = other, tracestate = "a=1, b=2" });
        var (field, _) = await CreateAsync(body, ("traceparent", $"00-{T}-{S}-01"));
        var (header, _) = await CreateAsync("{}", ("traceparent", $"00-{T}-{S}-01"), ("tracestate", "c=3"), ("baggage", "k=J%C3%BC;p=1"));
        var (call, reply) = await CreateAsync("{}");

        Assert.Equal(new TraceBinding(other, "a=1,b=2"), field);
        Assert.Equal(new TraceBinding($"00-{T}-{S}-01", "c=3", "k=J%C3%BC;p=1"), header);
        // Nothing is exported here, so that nobody decides against sampling.
        Assert.EndsWith("-01", call.TraceParent, StringComparison.Ordinal);
        Assert.Equal($"trace;desc={call.TraceParent[..^2]}00", reply.Header("Server-Timing"));
    }

    [Fact]
    public async Task A_field_that_is_no_traceparent_is_refused_and_a_bad_tracestate_is_dropped()
    {
        foreach (var wrong in new[] { "", "x", $"00-{T}-{S}-01-x", new string('0', 600) })
            await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", JsonSerializer.Serialize(new { traceparent = wrong }))).AssertProblemAsync(422, "invalid_traceparent");

        var (trace, reply) = await CreateAsync(JsonSerializer.Serialize(new { traceparent = $"00-{T}-{S}-01", tracestate = "A=1" }));
        Assert.Null(trace.TraceState);
        Assert.Contains("tracestate", (await reply.ReadJsonAsync()).GetProperty("warnings")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_id_of_64_bits_is_padded_with_one_warning()
    {
        const string padded = $"00-0000000000000000{Short}-{S}-01";
        foreach (var (body, headers) in new[] { (JsonSerializer.Serialize(new { traceparent = $"00-{Short}-{S}-01" }), Array.Empty<(string, string)>()), ("{}", [("traceparent", $"00-{Short}-{S}-01")]) })
        {
            var (trace, reply) = await CreateAsync(body, headers);
            Assert.Equal(new TraceBinding(padded, Padded: true), trace);
            var warning = Assert.Single((await reply.ReadJsonAsync()).GetProperty("warnings").EnumerateArray()).GetString();
            Assert.Contains(padded, warning, StringComparison.Ordinal);
        }
    }

    private async Task<(TraceBinding Trace, HttpResponseMessage Reply)> CreateAsync(string body, params (string, string)[] headers)
    {
        var reply = await _cluster.Client.SendAsync("POST", "/v1/sandboxes", body, true, headers);
        var id = (await reply.ReadJsonAsync()).GetProperty("id").GetString()!;
        return (_cluster.World.Specs[id].Trace!, reply);
    }
}
