using System.Text;
using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Streaming;

[GrainType(Name)]
public sealed class TestSandboxGrain(IEventLog log, IOptions<RunOptions> options, TimeProvider time, ILocalSiloDetails silo)
    : Grain, ITestSandboxGrain, IRunEventsSource
{
    public const string Name = "test-sandbox";
    public static readonly TenantId Tenant = new("tests");

    private readonly Dictionary<RunId, Task<RunEvents>> _runs = [];
    private TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _silent;

    private SandboxId Id => SandboxId.Parse(this.GetPrimaryKeyString());

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (!_silent) GrainContext.StopRunStreams();
        return Task.CompletedTask;
    }

    public async Task Accept(RunId run)
    {
        var record = new RunRecord(run, "aa", RunLanguage.Python, TimeSpan.FromMinutes(1), OnDisconnect.Continue, time.GetUtcNow());
        var outcome = await log.AcceptAsync(Id, record, null, CancellationToken.None);
        _runs[run] = RunEvents.OpenAsync(log, Id, record, outcome.IsNew, options.Value, time, CancellationToken.None);
        _accepted.TrySetResult();
        _accepted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public async Task Write(RunId run, int lines, int size, int perBatch)
    {
        var events = await FindAsync(run);
        for (var left = lines; left > 0; left -= perBatch)
        {
            var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('x', size - 1) + "\n", Math.Min(left, perBatch))));
            var batch = EventLine.Render([new GuestOutput(1, run, 1, false, text)], events.LastSeq);
            Assert.Equal(AppendResult.Done, await events.AppendAsync(batch, events.LastFrame + 1, null, force: false, CancellationToken.None));
        }
    }

    public async Task End(RunId run)
    {
        var events = await FindAsync(run);
        var exit = EventLine.RenderExit(0, null, null, events.LastSeq + 1, time.GetUtcNow());
        var ending = new RunEnding(0, null, null, time.GetUtcNow(), false);
        Assert.Equal(AppendResult.Done, await events.AppendAsync(exit, events.LastFrame, ending, force: false, CancellationToken.None));
    }

    public Task<int> CountReaders() => Task.FromResult(GrainContext.CountRunReaders());

    public async Task<TimeSpan?> GetUnreadFor(RunId run) => (await FindAsync(run)).UnreadFor;

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task GoSilently()
    {
        _silent = true;
        return Task.CompletedTask;
    }

    public Task<string> Where() => Task.FromResult(silo.SiloAddress.ToParsableString());

    public async Task<RunEvents> OpenEventsAsync(TenantId tenant, RunId run, bool expectStart, CancellationToken cancellationToken)
    {
        if (tenant != Tenant) throw new SandboxNotFoundException();
        for (var wait = _accepted.Task; ; wait = _accepted.Task)
        {
            try
            {
                return await FindAsync(run);
            }
            catch (RunNotFoundException) when (expectStart)
            {
                await wait.WaitAsync(TimeSpan.FromSeconds(5), time, cancellationToken);
            }
        }
    }

    private async Task<RunEvents> FindAsync(RunId run)
    {
        if (_runs.TryGetValue(run, out var events)) return await events;
        var record = await log.FindRunAsync(Id, run, CancellationToken.None) ?? throw new RunNotFoundException();
        if (!_runs.TryGetValue(run, out events))
            events = _runs[run] = RunEvents.OpenAsync(log, Id, record, isNew: false, options.Value, time, CancellationToken.None);
        return await events;
    }
}
