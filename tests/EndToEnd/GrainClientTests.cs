using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podflare.Contexts;
using Podflare.EndToEnd.Services;
using Podflare.GrainClient;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.EndToEnd;

/// <summary>A .NET service beside the cluster, over grains and streams.</summary>
[Collection("cluster")]
public sealed class GrainClientTests(ClusterService cluster)
{
    private const int Lines = 400;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_creates_runs_reads_again_and_deletes()
    {
        using var host = await StartAsync("default");
        var sandboxes = host.Services.GetRequiredService<ISandboxes>();
        var request = new SandboxRequest { IdempotencyKey = Guid.NewGuid().ToString(), Metadata = new Dictionary<string, string> { ["made"] = "by grain" }, Env = new Dictionary<string, string> { ["A"] = "b" } };
        var sandbox = await sandboxes.CreateAsync(request, Cancelled);
        Assert.Equal(sandbox.Id, (await sandboxes.CreateAsync(request, Cancelled)).Id);
        await Assert.ThrowsAsync<IdempotencyKeyReusedException>(() => sandboxes.CreateAsync(request with { RamMib = 128 }, Cancelled));

        await sandboxes.RunAsync(sandbox.Id, "import os, sys; x = os.environ['A']", cancellationToken: Cancelled);
        var run = await sandboxes.RunAsync(sandbox.Id, "print(x, 'é😀'); print('w', file=sys.stderr); 1/0", cancellationToken: Cancelled);
        Assert.Equal(("b é😀\n", 1, "ZeroDivisionError"), (run.Stdout, run.Exit.Code, run.Exit.Error?.Name));
        Assert.StartsWith("w\n", run.Stderr, StringComparison.Ordinal);
        Assert.Equal(RunState.Ended, (await sandboxes.GetRunAsync(sandbox.Id, run.Run, Cancelled)).State);

        using (var caller = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start())
        {
            var traced = await sandboxes.RunAsync(sandbox.Id, "print(os.environ['TRACEPARENT'])", cancellationToken: Cancelled);
            Assert.Equal(caller.TraceId.ToHexString(), traced.Stdout.Split('-')[1]);
        }

        var all = await ReadAsync(sandboxes.ReadEventsAsync(sandbox.Id, run.Run, 0, Cancelled));
        var rest = await ReadAsync(sandboxes.ReadEventsAsync(sandbox.Id, run.Run, 2, Cancelled));
        Assert.Equal(all.Skip(2), rest);
        // What one way made, the other one sees.
        Assert.Equal(all.Count, (await cluster.First.ReadEventsAsync(sandbox.Id.Value, run.Run.Value)).Count(c => c == '\n'));

        await sandboxes.DeleteAsync(sandbox.Id, Cancelled);
        Assert.Equal(EndReason.Deleted, (await sandboxes.GetAsync(sandbox.Id, Cancelled)).EndReason);
        await Assert.ThrowsAsync<SandboxEndedException>(() => sandboxes.RunAsync(sandbox.Id, "1", cancellationToken: Cancelled));
        await host.StopAsync(Cancelled);
    }

    [Fact]
    public async Task It_runs_programs_terminals_and_contexts()
    {
        using var host = await StartAsync("default");
        var sandboxes = host.Services.GetRequiredService<ISandboxes>();
        var sandbox = (await sandboxes.CreateAsync(cancellationToken: Cancelled)).Id;
        var run = await sandboxes.StartProcessAsync(sandbox, new ProcessRequestOptions { Arguments = ["sort", "-n"], Stdin = true, Tag = "sort" }, Cancelled);
        Assert.Equal(5, await sandboxes.WriteStdinAsync(sandbox, run, "10\n9\n"u8.ToArray(), endOfFile: true, offset: 0, Cancelled));
        Assert.Equal("9\n10\n", string.Concat((await ReadAsync(sandboxes.ReadEventsAsync(sandbox, run, 0, Cancelled))).OfType<StdoutEvent>().Select(e => e.Data)));
        await foreach (var info in sandboxes.ListRunsAsync(sandbox, new RunFilter(Tag: "sort"), Cancelled)) Assert.Equal((run, RunKind.Process), (info.Id, info.Kind));
        var terminal = await sandboxes.RunProcessAsync(sandbox, new ProcessRequestOptions { Command = "stty size", Terminal = new TerminalSize(100, 30) }, Cancelled);
        Assert.Equal("30 100\r\n", terminal.Stdout);

        var value = Assert.Single((await sandboxes.RunAsync(sandbox, "x = 40\nx + 2", cancellationToken: Cancelled)).Results);
        Assert.Equal(("42", true), (value.Data["text/plain"].GetString(), value.Main));
        var context = await sandboxes.CreateContextAsync(sandbox, new ContextSpec(null, RunLanguage.Python, "/tmp", ImmutableSortedDictionary<string, string>.Empty), Cancelled);
        Assert.Equal("NameError", (await sandboxes.RunAsync(sandbox, "x", new RunRequestOptions { Context = context.Id.Value }, Cancelled)).Exit.Error?.Name);
        await sandboxes.DeleteAsync(sandbox, Cancelled);
        await host.StopAsync(Cancelled);
    }

    [Fact]
    public async Task Another_tenant_finds_nothing_and_cancelling_interrupts()
    {
        using var host = await StartAsync("default");
        using var others = await StartAsync("acme");
        var sandboxes = host.Services.GetRequiredService<ISandboxes>();
        var sandbox = await sandboxes.CreateAsync(cancellationToken: Cancelled);
        await Assert.ThrowsAsync<SandboxNotFoundException>(() => others.Services.GetRequiredService<ISandboxes>().GetAsync(sandbox.Id, Cancelled));

        using var cancel = new CancellationTokenSource();
        var run = await sandboxes.StartRunAsync(sandbox.Id, "import time; x = 7\nwhile True: time.sleep(0.01)", new RunRequestOptions { IdempotencyKey = "endless" }, Cancelled);
        var reading = sandboxes.RunAsync(sandbox.Id, "import time; x = 7\nwhile True: time.sleep(0.01)", new RunRequestOptions { IdempotencyKey = "endless" }, cancel.Token);
        await Until.TrueAsync(async () => (await sandboxes.GetRunAsync(sandbox.Id, run, Cancelled)).State == RunState.Running, TimeSpan.FromSeconds(20), "it runs");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await Until.TrueAsync(async () => (await sandboxes.GetRunAsync(sandbox.Id, run, Cancelled)).Reason == ExitReason.Interrupted, TimeSpan.FromSeconds(20), "it is interrupted");
        Assert.Equal("7\n", (await sandboxes.RunAsync(sandbox.Id, "print(x)", cancellationToken: Cancelled)).Stdout);
        await sandboxes.DeleteAsync(sandbox.Id, Cancelled);
    }

    [Fact]
    public async Task The_sample_reads_every_line_once_while_both_workers_die()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(TestRun.Repository, "artifacts", "bin", "GrainClientSample", "release", "Podflare.GrainClientSample.dll"), $"import time\nfor i in range({Lines}): print(i); time.sleep(0.02)"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__Redis"] = cluster.Redis;
        start.Environment["Podflare__GrainClient__ClusterId"] = cluster.Cluster;
        using var sample = Process.Start(start)!;
        try
        {
            var errors = sample.StandardError.ReadToEndAsync(Cancelled);
            var output = new StringBuilder();
            for (var line = 1; await sample.StandardOutput.ReadLineAsync(Cancelled) is { } text; line++)
            {
                output.Append(text).Append('\n');
                if (line == 20)
                {
                    foreach (var worker in new[] { "worker1", "worker2" }) await cluster.KillAsync(worker);
                }
            }

            await sample.WaitForExitAsync(Cancelled);
            Assert.True(sample.ExitCode == 0, await errors);
            Assert.Equal(string.Concat(Enumerable.Range(0, Lines).Select(i => $"[{i + 1}] out: {i}\n")) + "exit code: 0\n", output.ToString());
        }
        finally
        {
            if (!sample.HasExited) sample.Kill();
        }

        await cluster.BecomeWholeAsync();
    }

    private async Task<IHost> StartAsync(string tenant)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.AddPodflareGrainClient(cluster.Redis, tenant, options => options.ClusterId = cluster.Cluster);
        var host = builder.Build();
        await host.StartAsync(Cancelled);
        return host;
    }

    private static async Task<List<RunEvent>> ReadAsync(IAsyncEnumerable<RunEvent> events)
    {
        var read = new List<RunEvent>();
        await foreach (var e in events) read.Add(e);
        return read;
    }
}
