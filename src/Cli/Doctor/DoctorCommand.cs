using System.CommandLine;
using System.Reflection;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Doctor;

/// <summary><c>podflare doctor</c>: checks whether this machine can use the server, and says what to do if not.</summary>
internal static class DoctorCommand
{
    public static Command Create(GlobalOptions global) =>
        new Command("doctor", "Check the server, the key, the clock and Docker, run a test, and say how to fix what fails").WithAction(global, RunAsync).WithExamples(
            ("Check the default server", "podflare doctor"),
            ("Check another server", "podflare doctor --url https://podflare.example.com"));

    private static async Task<int> RunAsync(CommandContext context)
    {
        // Retries would only delay a clear answer. What the server does not grant is a finding here, and no warning beside the report.
        using var client = context.CreateClient(static options => (options.MaxRetries, options.ConnectTimeout) = (0, TimeSpan.FromSeconds(5)), logs: false);
        var version = typeof(DoctorCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
        var findings = new List<Finding>();
        var server = new ServerChecks(client, context);

        if (!context.IsJson) context.Screen.Line($"podflare {version}, server {client.BaseAddress} ({context.Server.Origin})");
        var alive = await CheckAsync("server", server.AliveAsync);
        var ready = alive && await CheckAsync("ready", server.ReadyAsync);
        var known = alive && await CheckAsync("key", server.KeyAsync);
        if (alive) await CheckAsync("clock", new ClockCheck(client.BaseAddress, context.Time).CompareAsync);
        if (client.BaseAddress.IsLoopback)
        {
            using var engine = new EngineChecks();
            if (await CheckAsync("docker", engine.EngineAsync))
            {
                await CheckAsync("image", engine.ImageAsync);
                await CheckAsync("runtime", engine.RuntimeAsync);
            }
        }

        if (ready && known)
        {
            using var hosts = new HostChecks(client.BaseAddress, context.Server);
            await CheckAsync("isolation", hosts.IsolationAsync);
            await CheckAsync("memory", hosts.MemoryAsync);
            if (await CheckAsync("run", server.RunAsync)) await CheckAsync("egress", server.EgressAsync);
        }
        else Add(new Finding("run", Finding.Skipped, "skipped because a check above failed"));

        var report = new DoctorReport(findings.TrueForAll(finding => finding.Status != Finding.Failed), client.BaseAddress.ToString(), version, findings);
        if (context.IsJson) context.Screen.Json(report, CliJson.Default.DoctorReport);
        else context.Screen.Line(report.Ok ? "All checks passed." : "Some checks failed; see above.");
        return report.Ok ? 0 : ExitCodes.Failed;

        async Task<bool> CheckAsync(string name, Func<string, CancellationToken, Task<Finding>> check)
        {
            var began = context.Time.GetTimestamp();
            var finding = await context.Screen.WaitAsync($"Checking {name}", () => check(name, context.Interruption.Token));
            Add(finding with { Milliseconds = Math.Round(context.Time.GetElapsedTime(began).TotalMilliseconds, 1) });
            return finding.Status is Finding.Passed or Finding.Warning;
        }

        void Add(Finding finding)
        {
            findings.Add(finding);
            if (context.IsJson) return;
            var (mark, style) = finding.Status switch
            {
                Finding.Passed => ("ok  ", "green"),
                Finding.Warning => ("warn", "yellow"),
                Finding.Failed => ("FAIL", "red"),
                _ => ("-   ", "grey"),
            };
            context.Screen.Check(mark, style, $"{finding.Name}: {finding.Detail}");
            if (finding.Advice is { } advice) context.Screen.Line($"       {Texts.Clean(advice)}");
            context.Screen.Out.Flush();
        }
    }
}
