using System.Text.Json.Nodes;
using Podflare.EndToEnd.Api;

namespace Podflare.Faults.Chaos;

/// <summary>
/// A sandbox on one host whose program prints ten lines a second, and a reader through each frontend: they tell when everything goes on.
/// </summary>
internal sealed class Canary(PatientClient client, Audit audit, string sandbox)
{
    private const string Program = "import time, itertools\nfor n in itertools.count(1):\n    print(n, flush=True)\n    time.sleep(0.1)";
    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset Printed, DateTimeOffset Arrived)>[] _seen = [[], []];
    private readonly Transcript[] _transcripts =
    [
        new(audit, $"canary {sandbox} through frontend 1", keeps: false),
        new(audit, $"canary {sandbox} through frontend 2", keeps: false),
    ];

    private volatile bool _mayBeLost;

    public string Sandbox => sandbox;

    /// <summary>From now on the sandbox's run may end as lost.</summary>
    public void MayBeLost() => _mayBeLost = true;

    /// <summary>Reads until the sandbox is deleted.</summary>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["code"] = Program, ["language"] = "python", ["timeout_seconds"] = 86_400 };
        return Task.WhenAll(Enumerable.Range(0, 2).Select(async reader =>
        {
            var transcript = _transcripts[reader];
            await client.ExecAsync(sandbox, body, "canary", replays: false, transcript, reader, OnEvent, cancellationToken);
            var ended = transcript.Exit is { Code: 137, Reason: "killed" } || (_mayBeLost && transcript.Exit is { Code: 255, Reason: "lost" });
            if (!ended) audit.Fail($"{transcript.Name}: ended {transcript.Exit?.Code} {transcript.Exit?.Reason}");

            Task OnEvent()
            {
                lock (_gate) _seen[reader].Add((transcript.LastTs, Clock.Now));
                return Task.CompletedTask;
            }
        }));
    }

    /// <summary>When each reader had got something that was printed after <paramref name="since"/>; null while one has not.</summary>
    public DateTimeOffset? GoesOn(DateTimeOffset since)
    {
        lock (_gate)
        {
            var last = DateTimeOffset.MinValue;
            foreach (var seen in _seen)
            {
                var at = seen.FindIndex(pair => pair.Printed >= since);
                if (at < 0) return null;
                if (seen[at].Arrived > last) last = seen[at].Arrived;
                seen.RemoveRange(0, at);
            }

            return last;
        }
    }
}
