using System.Text.Json.Nodes;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Services;

namespace Podflare.Faults.Chaos;

/// <summary>Keeps one sandbox after the other busy, and audits every run.</summary>
/// <param name="rewinds">What was written during them Redis may have lost.</param>
/// <param name="fills">During them the events of ended runs make room in Redis.</param>
internal sealed class Lane(int number, int seed, PatientClient client, Audit audit, Periods rewinds, Periods fills)
{
    private static readonly TimeSpan KillSlack = TimeSpan.FromSeconds(1);

    // Every decision is drawn here, in the lane's own order, so that it does not depend on how the lanes meet.
    private readonly Random _random = new(unchecked((seed * 1_000) + number));
    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset Began, DateTimeOffset Done)> _replKills = [];
    private DateTimeOffset? _containerKilled;
    private bool _stateKnown;

    /// <summary>The sandbox that is in use, and may be hurt.</summary>
    public string? Sandbox { get; private set; }

    public override string ToString() => $"lane {number} in sandbox {Sandbox}";

    /// <summary>Runs programs until told to stop; what is under way then is read to its end.</summary>
    public async Task RunAsync(Task stopped, CancellationToken cancellationToken)
    {
        while (!stopped.IsCompleted) await UseSandboxAsync(stopped, cancellationToken);
    }

    /// <summary>Has the REPL of a sandbox killed, and remembers when that was.</summary>
    public async Task KillReplAsync(string sandbox)
    {
        lock (_gate) _replKills.Add((Clock.Now, DateTimeOffset.MaxValue));
        _stateKnown = false;
        try
        {
            await SandboxProcesses.KillReplAsync(sandbox);
        }
        finally
        {
            lock (_gate)
            {
                // The sandbox may be another one by now.
                if (_replKills.FindIndex(kill => kill.Done == DateTimeOffset.MaxValue) is var at and >= 0) _replKills[at] = (_replKills[at].Began, Clock.Now);
            }
        }
    }

    /// <summary>Has the container of a sandbox killed.</summary>
    public Task KillContainerAsync(string sandbox)
    {
        OnContainerKill();
        return Engine.KillAsync(sandbox);
    }

    /// <summary>The sandbox's container is about to die.</summary>
    public void OnContainerKill()
    {
        lock (_gate) _containerKilled ??= Clock.Now;
    }

    private async Task UseSandboxAsync(Task stopped, CancellationToken cancellationToken)
    {
        var (tag, runs, deletes) = (Scripts.Tag(_random), _random.Next(3, 9), _random.Next(3) == 0);
        var made = await client.SendAsync(HttpMethod.Post, "/v1/sandboxes", NewSandbox(tag), $"create-{tag}", _random.Next(2), cancellationToken);
        if (made.Status != 200)
        {
            audit.Fail($"lane {number}: create answered {made.Status} {made.Code}");
            return;
        }

        audit.OnSandbox();
        var sandbox = made.Body.GetProperty("id").GetString()!;
        lock (_gate)
        {
            _replKills.Clear();
            _containerKilled = null;
        }

        Sandbox = sandbox;
        _stateKnown = true;
        var kept = "-";
        var tags = new List<string>();
        for (var i = 0; i < runs && !stopped.IsCompleted && _containerKilled is null; i++)
        {
            var script = Scripts.Draw(_random);
            tags.Add(script.Tag);
            if (!await UseAsync(sandbox, script, tag, script.Bash ? null : kept, cancellationToken)) tags.Remove(script.Tag);
            if (!script.Bash) kept = tag;
        }

        if (_containerKilled is null) await CheckRanAsync(sandbox, tags, cancellationToken);
        if (deletes && _containerKilled is null) await UseAsync(sandbox, Scripts.Endless(_random), tag, kept, cancellationToken);
        Sandbox = null;
        await EndAsync(sandbox, cancellationToken);
    }

    // No clock that is an hour ahead ends it for being idle.
    private static JsonObject NewSandbox(string tag) => new() { ["metadata"] = new JsonObject { ["lane"] = tag }, ["idle_timeout_seconds"] = 86_400 };

    /// <returns>False when the run was over before its code began.</returns>
    private async Task<bool> UseAsync(string sandbox, Script script, string sandboxTag, string? kept, CancellationToken cancellationToken)
    {
        var (first, replays, shadows, slow, patience) = (_random.Next(2), _random.Next(4) == 0, _random.Next(3) == 0, _random.Next(2) == 0, _random.Next(1, 15));
        var name = $"lane {number} {sandbox} {script.Tag}";
        var body = new JsonObject { ["code"] = script.Code(sandboxTag), ["language"] = script.Language };
        if (script.TimeoutSeconds is { } timeout) body["timeout_seconds"] = timeout;
        var transcript = new Transcript(audit, name);
        var shadow = new Transcript(audit, $"{name} (second reader)");
        Task? shadowing = null, end = null;
        var (known, began) = (_stateKnown, Clock.Now);
        await client.ExecAsync(sandbox, body, script.Tag, replays, transcript, first, OnEvent, cancellationToken);
        if (shadowing is not null) await shadowing;
        if (end is not null) await end;
        var rewound = rewinds.Touch(began, Clock.Now);
        if (transcript.Refused is { } refusal)
        {
            if (!IsEvicted(transcript, began) && (_containerKilled is null || refusal.Status != 410)) audit.Fail($"{name}: refused with {refusal.Status} {refusal.Code}");
            return true;
        }

        if (shadowing is not null && !rewound && !IsEvicted(shadow, began)) Compare(transcript, shadow);

        // The time that a fresh REPL takes to start is part of the timeout.
        var mayBeLate = script.End is ScriptEnd.Timeout && !script.Bash && !known;
        Verdict.Check(audit, script, transcript, Excuse(transcript, script, rewound), known && _stateKnown ? kept : null, mayBeLate);
        if (script.End is ScriptEnd.Crash or ScriptEnd.Timeout or ScriptEnd.Interrupt or ScriptEnd.Oom) _stateKnown = false;
        else if (!script.Bash && transcript.Exit!.Reason is null) _stateKnown = _stateKnown || ReplIsSafe(transcript);
        if (rewound && transcript.Exit!.Reason == "lost") _stateKnown = false;
        if (script.End is ScriptEnd.Oom && await HasDiedOfMemoryAsync(sandbox, first, cancellationToken)) OnContainerKill();
        if (!rewinds.Touch(began, Clock.Now)) await CheckStoredAsync(sandbox, transcript, first + 1, began, cancellationToken);
        return !(mayBeLate && transcript.Events.All(e => e.Type == "exit"));

        Task OnEvent()
        {
            if (shadows && shadowing is null)
            {
                shadow.Run = transcript.Run;
                shadowing = client.FollowAsync(sandbox, shadow, first + 1, slow ? () => Clock.Delay(TimeSpan.FromMilliseconds(1), cancellationToken) : null, cancellationToken);
            }

            if (end is null && transcript.LastSeq >= patience)
            {
                if (script.End is ScriptEnd.Interrupt)
                    end = client.SendAsync(HttpMethod.Post, $"/v1/sandboxes/{sandbox}/runs/{transcript.Run}/interrupt", null, null, first + 1, cancellationToken);
                if (script.End is ScriptEnd.Delete) end = EndAsync(sandbox, cancellationToken);
            }

            return Task.CompletedTask;
        }
    }

    /// <summary>A program that needs too much memory can take its sandbox along, where it is slow to die.</summary>
    private async Task<bool> HasDiedOfMemoryAsync(string sandbox, int first, CancellationToken cancellationToken)
    {
        var info = await client.SendAsync(HttpMethod.Get, $"/v1/sandboxes/{sandbox}", null, null, first, cancellationToken);
        return info.Status == 200 && info.Body.TryGetProperty("ended_reason", out var reason) && reason.GetString() == "oom";
    }

    // A run that began behind the last kill of its REPL, and ended by itself, leaves a REPL whose state is known.
    private bool ReplIsSafe(Transcript transcript)
    {
        lock (_gate) return _replKills.All(kill => kill.Done < At(transcript.Events[0]));
    }

    private (int Code, string Reason)? Excuse(Transcript transcript, Script script, bool rewound)
    {
        lock (_gate)
        {
            // A host writes this end, whose clock may be shifted: its time says nothing.
            if ((rewound || _containerKilled is not null) && transcript.Exit!.Reason == "lost") return (255, "lost");
            return !script.Bash && _replKills.Any(kill => At(transcript.Exit!) >= kill.Began - KillSlack) ? (137, "crashed") : null;
        }
    }

    private static DateTimeOffset At(SandboxEvent e) => DateTimeOffset.FromUnixTimeMilliseconds(e.Ts);

    private bool IsEvicted(Transcript reader, DateTimeOffset began) => reader.Refused is { Status: 410, Code: "events_evicted" } && fills.Touch(began, Clock.Now);

    /// <summary>A second reader of the same run, from its beginning, through the other frontend, has got the same bytes.</summary>
    private void Compare(Transcript main, Transcript shadow)
    {
        if (shadow.Refused is { } refusal) audit.Fail($"{shadow.Name}: refused with {refusal.Status} {refusal.Code}");
        else if (!shadow.Lines.SequenceEqual(main.Lines)) audit.Fail($"{shadow.Name}: other lines than the first one's");
    }

    /// <summary>The log holds what was streamed, and the run's record says the same.</summary>
    /// <param name="began">When the run was asked for: a full Redis may have let its events go since.</param>
    private async Task CheckStoredAsync(string sandbox, Transcript transcript, int first, DateTimeOffset began, CancellationToken cancellationToken)
    {
        var stored = new Transcript(audit, $"{transcript.Name} (log)") { Run = transcript.Run };
        await client.FollowAsync(sandbox, stored, first, null, cancellationToken);
        if (!IsEvicted(stored, began) && !stored.Lines.SequenceEqual(transcript.Lines)) audit.Fail($"{transcript.Name}: the log holds {stored.Lines.Count} other lines than the {transcript.Lines.Count} that were streamed");
        var run = await client.SendAsync(HttpMethod.Get, $"/v1/sandboxes/{sandbox}/runs/{transcript.Run}", null, null, first, cancellationToken);
        var exit = transcript.Exit!;
        if (run.Status != 200 || run.Body.GetProperty("state").GetString() != "ended" || run.Body.GetProperty("exit_code").GetInt32() != exit.Code)
            audit.Fail($"{transcript.Name}: the run's record says {run.Status} {run.Body}");
    }

    /// <summary>Each run has been executed, and once: each has left its tag in a file.</summary>
    private async Task CheckRanAsync(string sandbox, List<string> tags, CancellationToken cancellationToken)
    {
        var transcript = new Transcript(audit, $"lane {number} {sandbox} list of runs");
        var body = new JsonObject { ["code"] = Scripts.ShowRan, ["language"] = "bash" };
        await client.ExecAsync(sandbox, body, $"ran-{sandbox}", replays: false, transcript, _random.Next(2), null, cancellationToken);
        if (_containerKilled is not null) return;
        var ran = string.Concat(transcript.Events.Where(e => e.Type == "stdout").Select(e => e.Text)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (!ran.SequenceEqual(tags)) audit.Fail($"{transcript.Name}: executed were {string.Join(' ', ran)}, asked for {string.Join(' ', tags)}");
    }

    private async Task EndAsync(string sandbox, CancellationToken cancellationToken)
    {
        var (path, began) = ($"/v1/sandboxes/{sandbox}", Clock.Now);
        var deleted = await client.SendAsync(HttpMethod.Delete, path, null, null, number, cancellationToken);
        if (deleted.Status != 204) audit.Fail($"lane {number} {sandbox}: delete answered {deleted.Status} {deleted.Code}");
        var after = await client.SendAsync(HttpMethod.Get, path, null, null, number + 1, cancellationToken);
        var state = after.Status == 200 ? after.Body.GetProperty("state").GetString() : after.Code;
        if (state != "ended" && !rewinds.Touch(began, Clock.Now) && !(state == "lost" && _containerKilled is not null)) audit.Fail($"lane {number} {sandbox}: is {state} after its end");
    }
}
