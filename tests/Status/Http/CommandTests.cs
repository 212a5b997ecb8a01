using System.Diagnostics;
using System.Text.Json.Nodes;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>The podflare command, as an operator uses it with a running page.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private readonly StatusService _status = new(Settings.Quiet());

    public async ValueTask InitializeAsync()
    {
        await _status.StartAsync();
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM component").Count == 4), 10, "the components are there");
    }

    public ValueTask DisposeAsync() => _status.DisposeAsync();

    [Fact]
    public async Task An_incident_is_opened_updated_and_resolved()
    {
        var opened = await RightAsync("incident", "open", "Slow creates", "--body", "We look.", "-c", "sandboxes=degraded_performance");
        var id = opened.Split(' ')[0];
        Assert.Equal($"{id}  investigating  Slow creates", opened.Trim());
        Assert.Contains("degraded performance", await RightAsync("status"), StringComparison.Ordinal);
        await RightAsync("incident", "update", id, "--status", "identified", "--body", "A full disk.");
        await RightAsync("incident", "resolve", id);
        var incident = (await _status.GetAsync("/api/v2/incidents.json"))["incidents"]!.AsArray().Single()!;
        Assert.Equal(["resolved", "identified", "investigating"], incident["incident_updates"]!.AsArray().Select(u => u!["status"]!.GetValue<string>()));
        Assert.DoesNotContain(id, await RightAsync("incident", "ls"), StringComparison.Ordinal);
        Assert.Equal(id, JsonNode.Parse(await RightAsync("incident", "ls", "--all", "--json"))!["incidents"]![0]!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_maintenance_is_scheduled_started_and_completed()
    {
        var from = TimeProvider.System.GetUtcNow().AddDays(1);
        var scheduled = await RightAsync(
            "maintenance", "schedule", "Upgrade", "--body", "Short pauses.", "-c", "api", "--from", from.ToString("O"), "--until", from.AddHours(1).ToString("O"));
        var id = scheduled.Split(' ')[0];
        await RightAsync("maintenance", "start", id);
        Assert.Contains("under maintenance", await RightAsync("status"), StringComparison.Ordinal);
        await RightAsync("maintenance", "complete", id, "--body", "Done.");
        Assert.Equal("completed", (await _status.GetAsync("/api/v2/scheduled-maintenances.json"))["scheduled_maintenances"]![0]!["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task An_error_is_one_line_on_stderr_and_an_exit_code()
    {
        await WrongAsync(1, "components.api: must be operational", "incident", "open", "t", "--body", "b", "-c", "api=on-fire");
        await WrongAsync(1, "incident not found", "incident", "resolve", "inc_0");
        await WrongAsync(1, "is no admin API", "status", "--admin-url", _status.Page.AbsoluteUri);
        await WrongAsync(1, "Cannot reach", "status", "--admin-url", $"http://127.0.0.1:{TestRun.FreePort()}");
        await WrongAsync(2, "--body", "incident", "open", "t");
        var (code, _, error) = await RunAsync("not-the-token-of-it", "status");
        Assert.Equal(1, code);
        Assert.Contains("refuses the token", error, StringComparison.Ordinal);
    }

    private async Task<string> RightAsync(params string[] arguments)
    {
        var (code, output, error) = await RunAsync(StatusService.Token, arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)} ended with {code}: {error}");
        return output;
    }

    private async Task WrongAsync(int expected, string text, params string[] arguments)
    {
        var (code, _, error) = await RunAsync(StatusService.Token, arguments);
        Assert.Equal(expected, code);
        Assert.Contains(text, error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string token, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(TestRun.Repository, "artifacts", "bin", "Cli", "release", "podflare.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PODFLARE_STATUS_ADMIN_URL"] = _status.Admin.AbsoluteUri;
        start.Environment["PODFLARE_STATUS_ADMIN_TOKEN"] = token;
        using var command = Process.Start(start)!;
        var error = command.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await command.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await command.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (command.ExitCode, output, await error);
    }
}
