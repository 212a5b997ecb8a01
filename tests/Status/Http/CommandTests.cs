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
        await WrongAsync(1, "is not the admin API of a status page", "status", "--admin-url", _status.Page.AbsoluteUri);
        await WrongAsync(1, "Cannot connect", "status", "--admin-url", $"http://127.0.0.1:{Ports.Free()}");
        await WrongAsync(2, "--body", "incident", "open", "t");
        var (code, _, error) = await RunAsync("not-the-token-of-it", "status");
        Assert.Equal(1, code);
        Assert.Contains("does not accept this admin token", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_fit_a_terminal_of_80_columns_and_show_how_long_ago()
    {
        var now = TimeProvider.System.GetUtcNow();
        await RightAsync("incident", "open", "Creates are slow in every region, and a cause is not known yet", "--body", "b", "-c", "sandboxes=degraded_performance", "--started-at", now.AddMinutes(-3.5).ToString("O"));
        await RightAsync("maintenance", "schedule", "Upgrade", "--body", "b", "-c", "api", "--from", now.AddHours(5.5).ToString("O"), "--until", now.AddDays(3.5).ToString("O"));
        Assert.Matches("investigating .*  3 min ago  .*Creates", await OnTerminalAsync("incident", "ls"));
        Assert.Matches("scheduled  in 5 h  in 3 days  Upgrade", await OnTerminalAsync("maintenance", "ls"));
        var status = await OnTerminalAsync("status");
        Assert.Matches("investigating  3 min ago  Creates", status);
        Assert.Matches("scheduled      in 5 h     Upgrade", status);
        // A pipe has no reader who knows what time it is.
        Assert.Matches("investigating\t.*\t[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}Z\t", await RightAsync("incident", "ls"));
        var started = JsonNode.Parse(await RightAsync("incident", "ls", "--json"))!["incidents"]![0]!["started_at"]!.GetValue<string>();
        Assert.Equal(now.AddMinutes(-3.5).ToUnixTimeSeconds(), DateTimeOffset.Parse(started, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeSeconds());
    }

    /// <summary>Runs the command on a terminal.</summary>
    private async Task<string> OnTerminalAsync(params string[] arguments)
    {
        var program = Path.Combine(TestRun.Repository, "artifacts", "bin", "Cli", "release", "podflare.dll");
        var start = new ProcessStartInfo("script", ["-qec", $"stty cols 80 rows 50; exec dotnet {program} {string.Join(' ', arguments)}", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PODFLARE_STATUS_ADMIN_URL"] = _status.Admin.AbsoluteUri;
        start.Environment["PODFLARE_STATUS_ADMIN_TOKEN"] = StatusService.Token;
        start.Environment["TERM"] = "xterm";
        start.Environment["NO_COLOR"] = "1";
        using var command = Process.Start(start)!;
        var lines = (await command.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).ReplaceLineEndings("\n");
        Assert.All(lines.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        return lines;
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
