using System.Collections.Immutable;
using Podflare.Contexts;
using Podflare.Guests;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>A guest that was started before the upgrade knows the first version of the protocol alone.</summary>
public sealed class OlderGuestTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Code_works_and_everything_new_is_not_offered()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var connections = sandbox.Guest.Connections;
        sandbox.Guest.MaxVersion = 1;
        sandbox.Guest.Disconnect();
        await Until.TrueAsync(() => sandbox.Guest.Connections > connections);

        var request = sandbox.Request(program => program.Print("a\n")) with { Display = DisplayPolicy.Last };
        var run = await sandbox.StartRunAsync(RunId.New(), request);
        Assert.Equal("a\n", (await run.ReadToEndAsync()).Output);

        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.StartProcessAsync(program => program));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.StartRunAsync(RunId.New(), request with { Context = "other" }));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.StartRunAsync(RunId.New(), request with { Fresh = FreshMode.Fresh }));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.StartRunAsync(RunId.New(), request with { Stdin = true }));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.Contexts.List(GrainCluster.Tenant, Cancel));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.Contexts.Create(
            GrainCluster.Tenant, new ContextSpec(null, RunLanguage.Python, null, ImmutableSortedDictionary<string, string>.Empty), Cancel));
        Assert.DoesNotContain(sandbox.Guest.Requests, name => name is "Stdin" or "Signal" or "Resize" or "Context");
        Assert.Single(await sandbox.Grain.ListRuns(GrainCluster.Tenant));
    }

    [Fact]
    public async Task A_request_that_breaks_a_rule_names_its_field()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var code = sandbox.Request(program => program);
        var process = code with { Kind = RunKind.Process, Language = RunLanguage.Bash, Process = new ProcessSpec(["ls"]), Timeout = RunRequest.NoTimeout };

        await RefusedAsync("timeout_seconds", code with { Timeout = RunRequest.NoTimeout });
        await RefusedAsync("grace_seconds", code with { Grace = TimeSpan.FromSeconds(301) });
        await RefusedAsync("disconnect_seconds", code with { DisconnectAfter = TimeSpan.FromSeconds(0.05) });
        await RefusedAsync("tag", code with { Tag = new string('x', 65) });
        await RefusedAsync("context", code with { Context = "NO" });
        await RefusedAsync("fresh", code with { Context = "other", Fresh = FreshMode.Fresh });
        await RefusedAsync("stderr", code with { Output = new OutputFormat(MergesStderr: true) });
        await RefusedAsync("argv", process with { Process = null });
        await RefusedAsync("argv", process with { Process = new ProcessSpec([.. Enumerable.Repeat("x", 1_025)]) });
        await RefusedAsync("argv", process with { Process = new ProcessSpec(["a\0b"]) });
        await RefusedAsync("argv", process with { Process = new ProcessSpec([""]) });
        await RefusedAsync("argv", process with { Process = new ProcessSpec([.. Enumerable.Repeat(new string('x', 131_071), 9)]) });
        await RefusedAsync("command", process with { Process = new ProcessSpec([]), Code = [] });
        await RefusedAsync("cwd", process with { Process = new ProcessSpec(["ls"], "tmp") });
        await RefusedAsync("cols", process with { Process = new ProcessSpec(["ls"], null, new TerminalSize(0, 1)) });
        await RefusedAsync("pty", process with { Process = new ProcessSpec(["ls"], null, new TerminalSize(1, 1)), Output = new OutputFormat(IsBinary: true) });
        await RefusedAsync("context", process with { Context = "other" });
        await RefusedAsync("watch", process with { Kind = RunKind.Watch, Process = null });
        await RefusedAsync("kind", code with { Kind = RunKind.Background });
        Assert.Empty(await sandbox.Grain.ListRuns(GrainCluster.Tenant));

        async Task RefusedAsync(string field, RunRequest request) =>
            Assert.Equal(field, (await Assert.ThrowsAsync<InvalidRequestException>(() => sandbox.Grain.StartRun(GrainCluster.Tenant, RunId.New(), request, Cancel))).Field);
    }
}
