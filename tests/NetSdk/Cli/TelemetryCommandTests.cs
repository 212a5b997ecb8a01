using System.Text.Json;
using System.Text.RegularExpressions;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>The commands that show what happened: the trace of a run, the log of a sandbox, and where telemetry goes.</summary>
public sealed class TelemetryCommandTests(ServiceWithKeys service)
{
    private const string Code = """
        from podflare_trace import span
        with span("load"):
            with span("read\x1b[2Jfile"):
                print(1)
        """;

    private readonly string _tenant = $"t-{Guid.NewGuid():N}"[..20];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_trace_is_a_waterfall_of_the_run_and_of_what_its_code_sent()
    {
        using var client = await service.ConnectAsync(service.ApiKey);
        await using var sandbox = await client.CreateSandboxAsync(cancellationToken: Cancellation);
        var run = await sandbox.RunAsync(Code, cancellationToken: Cancellation);

        string[] lines = [];
        await Until.TrueAsync(async () => (lines = (await OkAsync(service.ApiKey, "trace", sandbox.Id, run.RunId)).TrimEnd().Split('\n')).Any(line => line.Contains("load", StringComparison.Ordinal)), "the spans of the code are there");

        Assert.Matches(@"^execute_tool run_code +\|█{40}\|  [0-9.]+ (ms|s)$", lines[0]);
        var load = Array.FindIndex(lines, line => line.StartsWith("  load ", StringComparison.Ordinal));
        Assert.True(load > 0, string.Join('\n', lines));
        // A name that code chose cannot clear the screen.
        Assert.StartsWith("    read?[2Jfile ", lines[load + 1], StringComparison.Ordinal);
        Assert.Single(lines.Select(line => line.IndexOf('|', StringComparison.Ordinal)).Distinct());

        using var json = JsonDocument.Parse(await OkAsync(service.ApiKey, "trace", sandbox.Id, run.RunId, "--json"));
        Assert.True(json.RootElement.GetProperty("resourceSpans").GetArrayLength() > 0);
        var missing = await RunAsync(service.ApiKey, "trace", sandbox.Id, $"run_{new string('0', 32)}");
        Assert.Equal(1, missing.Status);
        Assert.Contains("run_not_found", missing.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_of_a_sandbox_is_read_and_followed_also_after_its_end()
    {
        using var client = await service.ConnectAsync(service.ApiKey);
        var sandbox = await client.CreateSandboxAsync(cancellationToken: Cancellation);
        var run = await sandbox.RunAsync("print(1)", cancellationToken: Cancellation);
        using var following = Tool.Start(await service.AddressAsync(), ["logs", "-f", sandbox.Id], Key(service.ApiKey));
        await Until.TrueAsync(() => following.Out.Contains($"Ended run {run.RunId}", StringComparison.Ordinal), "the end of the run is shown");
        await sandbox.DeleteAsync(Cancellation);
        await Until.TrueAsync(() => following.Out.Contains($"Ended sandbox {sandbox.Id}", StringComparison.Ordinal), "the end of the sandbox is shown");
        await following.SignalAsync("INT");

        var lines = (await OkAsync(service.ApiKey, "logs", sandbox.Id)).TrimEnd().Split('\n');
        Assert.Contains(lines, line => Regex.IsMatch(line, $"^20.*  info     worker   Created sandbox {sandbox.Id}"));
        Assert.Equal(following.Out.TrimEnd().Split('\n')[0], lines[0]);
        var first = JsonDocument.Parse((await OkAsync(service.ApiKey, "logs", sandbox.Id, "--json")).Split('\n')[0]).RootElement;
        Assert.Equal("info", first.GetProperty("level").GetString());
        Assert.Equal(lines[1..], (await OkAsync(service.ApiKey, "logs", sandbox.Id, "--after", "1")).TrimEnd().Split('\n'));

        List<SandboxLogLine> read = [];
        await foreach (var line in client.Attach(sandbox.Id).ReadLogsAsync(cancellationToken: Cancellation)) read.Add(line);
        Assert.Equal(lines.Length, read.Count);
        Assert.Contains(read, line => line.RunId == run.RunId && line.TraceId is { Length: 32 } && line.Source == "worker");
    }

    [Fact]
    public async Task A_destination_is_set_shown_tested_and_removed()
    {
        var key = await NewKeyAsync();
        using var receiver = new Receiver();
        Assert.Equal("podflare: There is no destination.\n", (await RunAsync(key, "telemetry", "show")).Err);

        var set = await RunAsync(key, "telemetry", "set", receiver.Address, "--header", "x-api-key=se=cret", "--signal", "traces", "--capture-content", "--redact", "[0-9]{16}");
        Assert.Equal((0, ""), (set.Status, set.Out));
        Assert.Contains($"Telemetry goes to {receiver.Address}", set.Err, StringComparison.Ordinal);
        var test = await RunAsync(key, "telemetry", "test");
        Assert.Matches("^200 in [0-9]+ ms\n$", test.Out);
        Assert.Equal(("/v1/traces", "se=cret"), Assert.Single(receiver.Requests));

        var shown = (await RunAsync(key, "telemetry", "show")).Out.TrimEnd().Split('\n');
        Assert.StartsWith($"{receiver.Address}\ttraces\tx-api-key\tyes\t", shown[1], StringComparison.Ordinal);
        Assert.DoesNotContain("se=cret", shown[1], StringComparison.Ordinal);
        Assert.Equal("podflare: Removed.\n", (await RunAsync(key, "telemetry", "rm")).Err);
        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse((await RunAsync(key, "telemetry", "show", "--json")).Out).RootElement.GetProperty("endpoint").ValueKind);
    }

    [Fact]
    public async Task A_destination_that_refuses_is_a_failure_that_is_shown()
    {
        var key = await NewKeyAsync();
        using var receiver = new Receiver(401);
        using var client = await service.ConnectAsync(key);
        var destination = await client.Telemetry.SetAsync(new TelemetrySettings { Endpoint = receiver.Address }, Cancellation);
        Assert.Equal((receiver.Address, false), (destination.Endpoint, destination.CaptureContent));

        var test = await RunAsync(key, "telemetry", "test");
        Assert.Equal(1, test.Status);
        Assert.StartsWith("401", test.Out, StringComparison.Ordinal);
        Assert.StartsWith("401", (await client.Telemetry.TestAsync(Cancellation)).Outcome, StringComparison.Ordinal);
        await client.Telemetry.RemoveAsync(Cancellation);
        Assert.Null((await client.Telemetry.GetAsync(Cancellation)).Endpoint);
    }

    [Theory]
    [InlineData("endpoint", "telemetry", "set", "ftp://example.com")]
    [InlineData("signals", "telemetry", "set", "https://example.com", "--signal", "spans")]
    [InlineData("redact", "telemetry", "set", "https://example.com", "--redact", "(")]
    [InlineData("--header", "telemetry", "set", "https://example.com", "--header", "novalue")]
    public async Task A_destination_that_is_not_accepted_is_refused_with_the_name_of_what_is_wrong(string named, params string[] arguments)
    {
        var refused = await RunAsync(await NewKeyAsync(), arguments);
        Assert.NotEqual(0, refused.Status);
        Assert.Equal("", refused.Out);
        Assert.Contains(named, refused.Err, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Key(string key) => new() { ["PODFLARE_API_KEY"] = key };

    /// <summary>A key of a tenant of its own, since a tenant has one destination.</summary>
    private async Task<string> NewKeyAsync()
    {
        await OkAsync(service.AdminKey, "tenants", "create", _tenant);
        return (await OkAsync(service.AdminKey, "keys", "create", "ops", "--tenant", _tenant, "--scope", "keys", "--scope", "sandboxes")).TrimEnd();
    }

    private async Task<string> OkAsync(string key, params string[] arguments)
    {
        var result = await RunAsync(key, arguments);
        Assert.True(result.Status == 0, result.Err);
        return result.Out;
    }

    private async Task<ToolResult> RunAsync(string key, params string[] arguments) => await Tool.RunAsync(await service.AddressAsync(), arguments, environment: Key(key));
}
