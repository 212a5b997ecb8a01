using System.Text.Json;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>The processes of a sandbox in the log, which also has those that ended under an earlier activation.</summary>
internal sealed class ProcessHistory(IEventLog log)
{
    // Records and first events of as many runs are read at a time.
    private const int Parallel = 16;

    /// <returns>The newest of the last 256 runs; null when there is none.</returns>
    public async Task<RunId?> FindAsync(SandboxId sandbox, ProcessSelector process, CancellationToken cancellationToken)
    {
        var runs = await log.ListRunsAsync(sandbox, cancellationToken);
        foreach (var part in runs.Reverse().Chunk(Parallel))
        {
            var matches = await Task.WhenAll(part.Select(run => MatchesAsync(sandbox, run, process, cancellationToken)));
            var index = matches.IndexOf(true);
            if (index >= 0) return part[index];
        }

        return null;
    }

    // One that cannot be read does not keep the others from being found.
    private async Task<bool> MatchesAsync(SandboxId sandbox, RunId run, ProcessSelector process, CancellationToken cancellationToken)
    {
        try
        {
            if (await log.FindRunAsync(sandbox, run, cancellationToken) is not { Kind: RunKind.Process } record) return false;
            return process.Pid is { } pid ? await FindPidAsync(sandbox, run, cancellationToken) == pid : record.Details?.Tag is { } tag && tag == process.Tag;
        }
        catch (RecordUnreadableException)
        {
            return false;
        }
    }

    /// <summary>The process id, which is in the first event unless that has been evicted.</summary>
    private async Task<int?> FindPidAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        if (await log.ReadAfterAsync(sandbox, run, 0, maxBytes: 1, cancellationToken) is not { } first) return null;
        var reader = new Utf8JsonReader(first.Utf8.AsSpan(..first.Ends[0]));
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.GetProperty("type"u8).ValueEquals("start"u8) ? document.RootElement.GetProperty("data"u8).GetInt32() : null;
    }
}
