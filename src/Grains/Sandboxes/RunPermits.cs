using Microsoft.Extensions.Logging;
using Podflare.Limits;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>
/// The runs of one sandbox that count as executing against the limit of its tenant: of a context's runs, which execute one after the other, one; each
/// run with an interpreter of its own; and each process that keeps its sandbox alive, so that servers left running do not block new code.
/// </summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class RunPermits(SandboxRecords records, IEventLog log, SandboxSettings settings, ILogger logger)
{
    // The context of code that names none. Bash shares its queue.
    private const string DefaultContext = "python";

    private static readonly KeyValuePair<string, object?> Policy = new("policy", "running");

    // The permit of each context that has open runs, and how many have it.
    private readonly Dictionary<string, Line> _lines = [];

    private TenantId Tenant => new(records.Record.Tenant);

    /// <summary>Waits until the run may execute. It counts until <see cref="RunEntry.Leave"/>.</summary>
    /// <exception cref="RunQuotaExceededException">As many runs of the tenant execute as may, and none ended in time.</exception>
    public async ValueTask EnterAsync(RunEntry run, RunRequest request, CancellationToken cancellationToken)
    {
        if (settings.Tenants.Find(Tenant) is not { } limits) return;
        if (LineOf(run.Id, request.Kind, request.Context, request.Fresh is not FreshMode.None, request.KeepAlive ?? request.Timeout != RunRequest.NoTimeout) is not { } name) return;
        var line = Join(name, () => settings.Shares.EnterAsync(Tenant, QuotaKind.Running, limits.Running, settings.RunPatience, cancellationToken).AsTask());
        try
        {
            // A request that is repeated joins its run, which may have ended long ago, also where nothing new may start.
            if (!line.Permit.IsCompleted && !request.Keyless && await log.FindRunAsync(records.Id, run.Id, cancellationToken) is not null) Leave(name, line);
            else if (await line.Permit is not null) run.Left = () => Leave(name, line);
            else throw Refuse(limits.Running);
        }
        catch
        {
            Leave(name, line);
            throw;
        }
    }

    /// <summary>Counts the runs that execute already, because an earlier activation had them accepted.</summary>
    public void Adopt(RunTable runs)
    {
        if (settings.Tenants.Loaded.IsCompleted) AdoptAll(runs);
        else Background.Run(logger, "adoption of permits", AdoptWhenLoadedAsync(runs));
    }

    private async Task AdoptWhenLoadedAsync(RunTable runs)
    {
        await settings.Tenants.Loaded;
        AdoptAll(runs);
    }

    private void AdoptAll(RunTable runs)
    {
        if (settings.Tenants.Find(Tenant) is not { } limits) return;
        foreach (var run in runs.Open)
        {
            if (run.Left is not null || run.Events is not { Record: var record }) continue;
            if (LineOf(run.Id, record.Kind, record.Details?.Context, record.Details?.IsFresh == true, record.KeepsAlive) is not { } name) continue;
            var line = Join(name, () => Task.FromResult<Permit?>(settings.Shares.Adopt(Tenant, QuotaKind.Running, limits.Running)));
            run.Left = () => Leave(name, line);
        }
    }

    private static string? LineOf(RunId run, RunKind kind, string? context, bool isFresh, bool keepsAlive) => kind switch
    {
        RunKind.Code => isFresh ? run.Value : context ?? DefaultContext,
        RunKind.Process => keepsAlive ? run.Value : null,
        _ => null,
    };

    private static RunQuotaExceededException Refuse(int limit)
    {
        Instruments.LimitRefusals.Add(1, Policy);
        return new RunQuotaExceededException(limit);
    }

    private Line Join(string name, Func<Task<Permit?>> enter)
    {
        if (!_lines.TryGetValue(name, out var line)) _lines[name] = line = new Line(enter());
        line.Runs++;
        return line;
    }

    private void Leave(string name, Line line)
    {
        if (--line.Runs > 0) return;
        if (_lines.GetValueOrDefault(name) == line) _lines.Remove(name);
        if (line.Permit.IsCompletedSuccessfully) line.Permit.Result?.Dispose();
        else if (!line.Permit.IsCompleted) Background.Run(logger, "return of a permit", ReturnAsync(line.Permit));
    }

    private static async Task ReturnAsync(Task<Permit?> permit) => (await permit)?.Dispose();

    private sealed class Line(Task<Permit?> permit)
    {
        public Task<Permit?> Permit { get; } = permit;

        public int Runs { get; set; }
    }
}
