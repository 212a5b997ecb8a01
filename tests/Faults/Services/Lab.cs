using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;

namespace Podflare.Faults.Services;

/// <summary>
/// A cluster whose workers die at named points, for tests of one fault each; its times are short. What a patient client sees of it is
/// audited as in the chaos.
/// </summary>
public abstract class Lab : IAsyncLifetime
{
    private readonly Random _random = new(1);
    private readonly string _points;

    /// <param name="name">A short name, which tells its folder and its containers from others'.</param>
    /// <param name="graceSeconds">For how long a host may be away.</param>
    /// <param name="startSeconds">For how long a create or the start of a run may take.</param>
    protected Lab(string name, int graceSeconds, int startSeconds = 5)
    {
        _points = Path.Combine(TestRun.Folder, $"{name}-points");
        Directory.CreateDirectory(_points);
        Cluster = new FaultCluster(
            name,
            ("PODFLARE_CLUSTER_WORKER", TestRun.Program("FaultHost")),
            ("PODFLARE_FAULT_FOLDER", _points),
            ("Podflare__Http__StartSeconds", $"{startSeconds}"),
            ("Podflare__Hosts__GraceSeconds", $"{graceSeconds}"),
            ("Podflare__Hosts__SweepSeconds", "2"),
            ("Podflare__Hosts__SeenSeconds", "1"),
            ("Podflare__Runs__DisconnectSeconds", "1"),
            ("Podflare__Runs__GraceSeconds", "1"),
            ("Podflare__Sandboxes__WithdrawSeconds", "2"));
    }

    internal FaultCluster Cluster { get; }

    internal Audit Audit { get; } = new();

    internal PatientClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Cluster.UpAsync();
        Client = new PatientClient([Cluster.Frontend(0), Cluster.Frontend(1)], Audit);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Client?.Dispose();
        await Cluster.DisposeAsync();
    }

    internal Script Script(Func<Script, Script>? change = null)
    {
        var script = new Script { Tag = Scripts.Tag(_random), Count = 40, PauseMs = 20 };
        return change is null ? script : change(script);
    }

    internal async Task<string> CreateAsync(JsonObject? body = null)
    {
        var made = await Client.SendAsync(HttpMethod.Post, "/v1/sandboxes", body ?? [], null, 0, TestContext.Current.CancellationToken);
        Assert.Equal(200, made.Status);
        return made.Body.GetProperty("id").GetString()!;
    }

    /// <summary>A sandbox on a worker's host.</summary>
    internal async Task<string> CreateOnAsync(string worker)
    {
        for (var tries = 0; tries < 40; tries++)
        {
            var sandbox = await CreateAsync();
            if (sandbox.Substring(4, 8) == HostOf(worker)) return sandbox;
            await DeleteAsync(sandbox);
        }

        throw new InvalidOperationException($"Forty sandboxes, and none on the host of {worker}.");
    }

    internal string HostOf(string worker) => Cluster.HostOf(worker);

    internal string WorkerOf(string sandbox) => FaultCluster.Workers.Single(worker => HostOf(worker) == sandbox.Substring(4, 8));

    internal async Task DeleteAsync(string sandbox) =>
        Assert.Equal(204, (await Client.SendAsync(HttpMethod.Delete, $"/v1/sandboxes/{sandbox}", null, null, 1, TestContext.Current.CancellationToken)).Status);

    /// <summary>Runs a script to its end and audits it.</summary>
    internal async Task<Transcript> RunAsync(string sandbox, Script script, Func<Task>? onEvent = null, JsonObject? body = null)
    {
        var transcript = new Transcript(Audit, $"{sandbox} {script.Tag}");
        await ReadAsync(sandbox, script, transcript, onEvent, body);
        Verdict.Check(Audit, script, transcript, null, null);
        return transcript;
    }

    internal Task ReadAsync(string sandbox, Script script, Transcript transcript, Func<Task>? onEvent = null, JsonObject? body = null)
    {
        body ??= [];
        body["code"] = script.Code("lab");
        body["language"] = script.Language;
        if (script.TimeoutSeconds is { } timeout) body["timeout_seconds"] = timeout;
        return Client.ExecAsync(sandbox, body, script.Tag, replays: false, transcript, 0, onEvent, TestContext.Current.CancellationToken);
    }

    /// <summary>What bash prints in a sandbox.</summary>
    internal async Task<string> BashAsync(string sandbox, string code)
    {
        var transcript = new Transcript(Audit, $"{sandbox} bash");
        var body = new JsonObject { ["code"] = code, ["language"] = "bash" };
        await Client.ExecAsync(sandbox, body, Guid.NewGuid().ToString("N"), replays: false, transcript, 1, null, TestContext.Current.CancellationToken);
        return string.Concat(transcript.Events.Where(e => e.Type == "stdout").Select(e => e.Text));
    }

    internal async Task<JsonElement> GetAsync(string path)
    {
        var answer = await Client.SendAsync(HttpMethod.Get, path, null, null, 0, TestContext.Current.CancellationToken);
        Assert.Equal(200, answer.Status);
        return answer.Body;
    }

    /// <summary>No worker reaches the container engine.</summary>
    internal void BreakEngines()
    {
        foreach (var engine in Cluster.Engines) engine.Break(Cut.Refuse);
    }

    internal void MendEngines()
    {
        foreach (var engine in Cluster.Engines) engine.Mend();
    }

    /// <summary>The next worker to reach this point dies there.</summary>
    internal void Arm(string point)
    {
        File.Delete(Path.Combine(_points, $"{point}.done"));
        File.WriteAllText(Path.Combine(_points, point), "");
    }

    internal bool HasReached(string point) => File.Exists(Path.Combine(_points, $"{point}.done"));

    /// <summary>A worker dies at this point, or has died there. A reader may have the last event a moment before.</summary>
    internal async Task AssertReachedAsync(string point)
    {
        await Until.TrueAsync(() => Task.FromResult(HasReached(point)), TimeSpan.FromSeconds(10), $"a worker reaches {point}");
        File.Delete(Path.Combine(_points, point));
    }

    /// <summary>Nothing that must not be has been seen.</summary>
    internal void AssertClean() => Assert.True(Audit.Violations.Count == 0, string.Join('\n', Audit.Violations));

    /// <summary>Nothing is left of a sandbox that was deleted, but what tells of it.</summary>
    internal async Task AssertGoneAsync(string sandbox)
    {
        await Until.TrueAsync(
            async () => (await Engine.ListAsync(Cluster.Id, sandbox)).Length == 0 && !(await Cluster.ListKeysAsync()).Any(key => Leftovers.IsSandboxRecord(key) && key.Contains(sandbox, StringComparison.Ordinal)),
            TimeSpan.FromSeconds(30), $"container and record of {sandbox} are gone");
        Assert.DoesNotContain(await Cluster.ListKeysAsync(), key => key.Contains($"{{{sandbox}}}:open", StringComparison.Ordinal));
    }
}
