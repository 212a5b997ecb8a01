using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Podflare.Guests;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>The events of one run over a log that can be made to fail, and what tests do with them.</summary>
public abstract class RunEventsTest : IDisposable
{
    private protected static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private protected static readonly RunEnding Ending = new(0, null, Now, Now, false);

    private readonly List<MemoryEventLog> _stores = [];

    protected RunEventsTest() => Log = new UnreliableLog(NewStore());

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected FakeTimeProvider Time { get; } = new(Now);

    private protected RunOptions Settings { get; } = new() { MaxLogBytes = 1024 * 1024, RingBytes = 64 * 1024 };

    private protected SandboxId Sandbox { get; } = SandboxId.New("0123abcd");

    private protected RunRecord Record { get; } = new(RunId.New(), "aa", RunLanguage.Python, TimeSpan.FromMinutes(1), OnDisconnect.Continue, Now);

    private protected UnreliableLog Log { get; }

    public void Dispose()
    {
        _stores.ForEach(store => store.Dispose());
        GC.SuppressFinalize(this);
    }

    private protected static EventBatch Lines(long first, int count, int size = 3)
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('x', size - 1) + "\n", count)));
        return EventLine.Render([new GuestOutput(1, default, 1, false, text)], first - 1);
    }

    private protected static Task<AppendResult> AppendAsync(RunEvents events, int count, int size = 3, ulong? frame = null) =>
        events.AppendAsync(Lines(events.LastSeq + 1, count, size), frame ?? events.LastFrame + 1, null, force: false, Cancel);

    private protected static async Task EndAsync(RunEvents events) => Assert.Equal(
        AppendResult.Done,
        await events.AppendAsync(EventLine.RenderExit(0, null, null, events.LastSeq + 1, Now), events.LastFrame + 1, Ending, force: false, Cancel));

    private protected static async Task<List<long>> SeqsAfterAsync(RunEvents events, long after)
    {
        List<long> seqs = [];
        while (await events.ReadAfterAsync(after, 64 * 1024, Cancel) is { } batch)
        {
            seqs.AddRange(Range(batch.FirstSeq, batch.LastSeq));
            after = batch.LastSeq;
            if (batch.HasExit) break;
        }

        return seqs;
    }

    private protected static IEnumerable<long> Range(long first, long last)
    {
        for (var seq = first; seq <= last; seq++) yield return seq;
    }

    private protected MemoryEventLog NewStore()
    {
        var store = new MemoryEventLog(Options.Create(Settings), Time);
        _stores.Add(store);
        return store;
    }

    private protected async Task<RunEvents> OpenNewAsync()
    {
        await Log.AcceptAsync(Sandbox, Record, null, Cancel);
        return await RunEvents.OpenAsync(Log, Sandbox, Record, isNew: true, Settings, Time, Cancel);
    }

    private protected async Task<RunEvents> OpenAsync()
    {
        var record = (await Log.FindRunAsync(Sandbox, Record.Id, Cancel))!;
        return await RunEvents.OpenAsync(Log, Sandbox, record, isNew: false, Settings, Time, Cancel);
    }
}
