using System.Text;
using System.Text.Json;
using Podflare.Feed;
using Podflare.Resources;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>What happens to a sandbox and its runs, as events of its tenant's feed. Pure functions of their records: telling a fact again gives the same event.</summary>
internal static class SandboxEvents
{
    public static FeedEvent Created(SandboxInfo info) => FeedEvent.Of(FeedEventType.SandboxCreated, info.CreatedAt, info.Id, null, Data(json =>
    {
        json.WriteString("template", info.Template);
        json.WriteStartObject("metadata");
        foreach (var (name, value) in info.Metadata) json.WriteString(name, value);
        json.WriteEndObject();
    }));

    /// <param name="ended">The sandbox as its tombstone has it.</param>
    public static FeedEvent Ended(SandboxInfo ended)
    {
        var type = ended.State is SandboxState.Lost ? FeedEventType.SandboxLost : FeedEventType.SandboxEnded;
        return FeedEvent.Of(type, ended.EndedAt!.Value, ended.Id, null, Data(json => json.WriteString("reason", ended.EndReason!.Value.ToString().ToLowerInvariant())));
    }

    public static FeedEvent RunStarted(SandboxId sandbox, RunRecord run, DateTimeOffset at) =>
        FeedEvent.Of(FeedEventType.RunStarted, at, sandbox, run.Id, Data(json => json.WriteString("language", LanguageOf(run)))) with
        {
            ObsoleteAfter = FeedEvent.IdOf(FeedEventType.RunEnded, sandbox, run.Id),
        };

    /// <param name="run">Its record has the ending.</param>
    public static FeedEvent RunEnded(SandboxId sandbox, RunRecord run)
    {
        var ending = run.Ending!;
        return FeedEvent.Of(FeedEventType.RunEnded, ending.EndedAt, sandbox, run.Id, Data(json =>
        {
            json.WriteString("language", LanguageOf(run));
            if (ending.StartedAt is { } started) json.WriteNumber("started_at", started.ToUnixTimeMilliseconds());
            else json.WriteNull("started_at");
            json.WriteNumber("exit_code", ending.Code);
            json.WriteString("reason", ending.Reason?.ToString().ToLowerInvariant());
            json.WriteNumber("duration_ms", Math.Max(0, (long)(ending.EndedAt - (ending.StartedAt ?? ending.EndedAt)).TotalMilliseconds));
            Write(json, ending.Usage);
        }));
    }

    // As GET …/runs/{run} shows it. What was not measured is null, never zero.
    private static void Write(Utf8JsonWriter json, ResourceUsage? usage)
    {
        json.WritePropertyName("usage");
        if (usage is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        Write(json, "cpu_seconds", usage.CpuMicroseconds / 1e6);
        Write(json, "throttled_seconds", usage.ThrottledMicroseconds / 1e6);
        Write(json, "memory_peak_bytes", usage.MemoryPeakBytes);
        Write(json, "processes_peak", usage.ProcessesPeak);
        Write(json, "disk_used_bytes", usage.DiskBytes);
        Write(json, "oom_kills", usage.OomKills);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }

    // Processes and watches have none.
    private static string? LanguageOf(RunRecord run) => run.Kind is RunKind.Code ? run.Language.ToString().ToLowerInvariant() : null;

    private static string Data(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
