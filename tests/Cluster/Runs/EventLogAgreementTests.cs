using System.Globalization;
using System.Text;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>The two event logs give the same answers to the same calls, whatever their order.</summary>
public sealed class EventLogAgreementTests(RedisFixture fixture)
{
    private const int Runs = 4;

    private static readonly RunOptions Limits = new() { MaxSandboxLogBytes = 64 * 1024 };

    private enum Call
    {
        Accept,
        Withdraw,
        Append,
        AppendAtWrongPlace,
        Trim,
        End,
        Discard,
        Restore,
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Memory_and_Redis_agree_on_any_history()
    {
        var step = Gen.Select(Gen.Enum<Call>(), Gen.Int[0, Runs - 1], Gen.Int[1, 4], Gen.Int[2, 6_000]);
        await step.Array[1, 60].SampleAsync(
            async history =>
            {
                using var memory = new MemoryEventLog(Options.Create(Limits), TimeProvider.System);
                using var redis = new RedisEventLog(fixture.Redis, Options.Create(Limits), TimeProvider.System, NullLogger<RedisEventLog>.Instance);
                var sandbox = SandboxId.New("0123abcd");
                var runs = Enumerable.Range(0, Runs).Select(i => EventLogTests.NewRecord() with { Keyless = i % 2 == 0, Key = i < 2 ? null : $"key_{i}" }).ToArray();
                foreach (var (call, run, count, size) in history)
                {
                    var (first, second) = (await AnswerAsync(memory, sandbox, runs[run], call, count, size), await AnswerAsync(redis, sandbox, runs[run], call, count, size));
                    if (first != second) throw new InvalidOperationException($"{call}: memory {first}, Redis {second}");
                    var (one, other) = (await DescribeAsync(memory, sandbox, runs), await DescribeAsync(redis, sandbox, runs));
                    if (one != other) throw new InvalidOperationException($"After {call} of run {run}, {count} lines of {size}:\nmemory\n{one}\nRedis\n{other}");
                }

                return true;
            },
            iter: 150,
            threads: 2);
    }

    private static async Task<string> AnswerAsync(IEventLog log, SandboxId sandbox, RunRecord run, Call call, int count, int size)
    {
        var bounds = await log.FindBoundsAsync(sandbox, run.Id, Cancel);
        var seq = bounds?.LastSeq ?? 0;
        try
        {
            switch (call)
            {
                case Call.Accept:
                    return (await log.AcceptAsync(sandbox, run, TenantId.Default, Cancel)).ToString();
                case Call.Restore:
                    return (await log.AcceptAsync(sandbox, run with { PayloadHash = "another" }, null, Cancel)).ToString();
                case Call.Withdraw:
                    return (await log.WithdrawAsync(sandbox, run.Id, Cancel)).ToString();
                case Call.Discard:
                    await log.DiscardAsync(sandbox, run.Id, Cancel);
                    return "";
                case Call.End:
                    var last = EventBatches.Join([EventLogTests.Lines(seq + 1, count, size), EventLogTests.Exit(seq + count + 1)]);
                    return (await log.AppendAsync(sandbox, run.Id, new LogAppend(seq, 0, last, (ulong)seq + 2, EventLogTests.Ending(), run), Cancel)).ToString();
                default:
                    var before = call is Call.AppendAtWrongPlace ? seq + 1 : seq;
                    var keepFrom = call is Call.Trim ? seq : 0;
                    return (await log.AppendAsync(
                        sandbox, run.Id, new LogAppend(before, keepFrom, EventLogTests.Lines(before + 1, count, size), (ulong)seq + 1, null, run), Cancel)).ToString();
            }
        }
        catch (PodflareException e)
        {
            return e.Message;
        }
    }

    private static async Task<string> DescribeAsync(IEventLog log, SandboxId sandbox, RunRecord[] runs)
    {
        var text = new StringBuilder();
        text.AppendJoin(' ', (await log.ListOpenAsync(sandbox, Cancel)).Order(Comparer<RunId>.Create((a, b) => string.CompareOrdinal(a.Value, b.Value)))).AppendLine();
        text.AppendJoin(' ', await log.ListRunsAsync(sandbox, Cancel)).AppendLine();
        text.AppendJoin(' ', (await log.ReadUsageAsync(sandbox, Cancel)).OrderBy(usage => usage.Key, StringComparer.Ordinal)).AppendLine();
        foreach (var run in runs)
        {
            // The compact form of a run that has ended does not name the key: it has been counted.
            var record = await log.FindRunAsync(sandbox, run.Id, Cancel) is { } found ? found with { Key = found.Ended ? null : found.Key } : null;
            text.AppendLine(CultureInfo.InvariantCulture, $"{record} {await log.FindBoundsAsync(sandbox, run.Id, Cancel)}");
            var last = await log.FindLastEntryAsync(sandbox, run.Id, Cancel);
            text.AppendLine(CultureInfo.InvariantCulture, $"{last?.LastSeq} {Hash(last?.Utf8)}");
            List<EventBatch> parts = [];
            for (var seq = 0L; await log.ReadAfterAsync(sandbox, run.Id, seq, 8_000, Cancel) is { } part; seq = part.LastSeq) parts.Add(part);
            var all = parts.Count > 0 ? EventBatches.Join(parts) : null;
            text.AppendLine(CultureInfo.InvariantCulture, $"{all?.FirstSeq} {all?.LastSeq} {all?.HasExit} {Hash(all?.Utf8)}");
        }

        return text.ToString();
    }

    private static string? Hash(byte[]? bytes) => bytes is null ? null : Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes));
}
