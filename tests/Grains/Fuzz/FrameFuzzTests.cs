using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Fuzz;

/// <summary>
/// Guests that user code has taken over, and that send what no guest sends. The real listener, decoder, port, pump, grain and event log meet each
/// frame. A few thousand frames in each run of the suite; eng/fuzz.sh sends a million.
/// </summary>
public sealed class FrameFuzzTests
{
    private const int Sandboxes = 4;
    private const int DefaultFrames = 3_000;
    private const int DefaultSeed = 1;
    private const long AllowedGrowth = 64L * 1024 * 1024;

    // Orleans keeps the activation of a sandbox that has ended, and with it what it knows of its last runs, for 15 minutes.
    private const long EndedSandboxBytes = 320 * 1024;

    // What meets a guest's frames. A busy test machine has errors of its own in others.
    private static readonly string[] Categories = [" Podflare.Guests.", " Podflare.Sandboxes.", " Podflare.Runs.", " Podflare.Files.", " Podflare.Contexts.", " Podflare.Resilience."];

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<FrameOutcome, int> _outcomes = new();
    private readonly ConcurrentDictionary<string, string> _faults = new();
    private readonly int _frames = Setting("PODFLARE_FUZZ_FRAMES", DefaultFrames);
    private readonly int _seed = Setting("PODFLARE_FUZZ_SEED", DefaultSeed);
    private int _sent;
    private int _ended;
    private double _slowestMs;
    private long _early;

    [Fact]
    public async Task Whatever_a_guest_sends_its_worker_neither_fails_nor_waits()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: Configure);
        cluster.Log.RecordsWrites = false;
        var start = TimeProvider.System.GetTimestamp();
        using (var finished = new CancellationTokenSource())
        {
            var watching = WatchAsync(cluster, finished.Token);
            await Task.WhenAll(Enumerable.Range(0, Sandboxes).Select(worker => SendAsync(cluster, worker)));
            await finished.CancelAsync();
            await watching;
        }

        CollectFaults(cluster);
        var late = Memory();
        var outcome = await (await cluster.CreateAsync()).RunAsync(program => program.Print("a\n"));
        Report($"{Summary()}, {TimeProvider.System.GetElapsedTime(start).TotalSeconds:F0} s; memory {_early / 1_048_576} → {late / 1_048_576} MiB");
        Assert.Equal("a\n", outcome.Output);
        Assert.True(_faults.IsEmpty, $"seed {_seed}\n{string.Join("\n\n", _faults.Select(fault => $"{fault.Key}\n{fault.Value}"))}");
        Assert.Equal(_frames, _outcomes.Values.Sum());
        // In the suite, other tests of this process use memory at the same time.
        if (_frames > DefaultFrames) Assert.InRange(late - _early, long.MinValue, AllowedGrowth + (_ended * EndedSandboxBytes));
    }

    /// <summary>A connection is accepted at once after one that has ended, and what the log keeps for clients is not mistaken for memory that is lost.</summary>
    private static void Configure(ClusterSettings settings)
    {
        settings["Podflare:Guests:MaxReconnectPauseSeconds"] = "0";
        settings[$"{RunOptions.Section}:{nameof(RunOptions.RetentionSeconds)}"] = "5";
        settings[$"{RunOptions.Section}:{nameof(RunOptions.DeletedRetentionSeconds)}"] = "5";
        settings[$"{RunOptions.Section}:{nameof(RunOptions.RecordRetentionSeconds)}"] = "10";
    }

    private async Task SendAsync(GrainCluster cluster, int worker)
    {
        var maker = new FrameMaker(unchecked((_seed * 31) + worker));
        while (Volatile.Read(ref _sent) < _frames)
        {
            var sandbox = await cluster.CreateAsync();
            sandbox.Guest.StayAway();
            using var guest = new FuzzedGuest(sandbox.Guest.SocketPath, sandbox.Guest.Boot, maker);
            using var stop = new CancellationTokenSource();
            var calls = Task.Run(() => new FuzzedCalls(sandbox, _seed + worker, _faults).RunAsync(stop.Token));
            while (Interlocked.Increment(ref _sent) <= _frames)
            {
                var start = TimeProvider.System.GetTimestamp();
                if (await guest.SendAsync(Limit) is not { } sent)
                {
                    Interlocked.Decrement(ref _sent);
                    Interlocked.Increment(ref _ended);
                    break;
                }

                _slowestMs = Math.Max(_slowestMs, TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
                _outcomes.AddOrUpdate(sent.Outcome, 1, (_, count) => count + 1);
                if (sent.Outcome is FrameOutcome.Hang) _faults.TryAdd($"hang after {sent.Frame.Type}", Convert.ToHexString(sent.Frame.Bytes.AsSpan(0, Math.Min(sent.Frame.Bytes.Length, 2_000))));
            }

            await stop.CancelAsync();
            await calls;
            await IgnoreEndAsync(sandbox);
        }
    }

    /// <summary>Collects what silos log as errors before it is forgotten, and reports how far it is.</summary>
    private async Task WatchAsync(GrainCluster cluster, CancellationToken finished)
    {
        var reported = TimeProvider.System.GetTimestamp();
        while (!finished.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, finished).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            CollectFaults(cluster);
            // What is cached, pooled and compiled is there after a tenth.
            if (_early == 0 && _sent > _frames / 10) _early = Memory();
            if (TimeProvider.System.GetElapsedTime(reported) < TimeSpan.FromSeconds(10)) continue;
            reported = TimeProvider.System.GetTimestamp();
            Report(Summary());
        }
    }

    private void CollectFaults(GrainCluster cluster)
    {
        foreach (var line in cluster.Logs.Lines)
        {
            if (!IsFault(line)) continue;
            var text = line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..];
            _faults.TryAdd($"log: {text[..Math.Min(text.Length, 60)]}", line);
        }
    }

    // A guest of another boot is one that the product reports as lost.
    private static bool IsFault(string line) =>
        (line.Contains(" Error ", StringComparison.Ordinal) || line.Contains(" Critical ", StringComparison.Ordinal)) && Array.Exists(Categories, category => line.Contains(category, StringComparison.Ordinal))
        && !line.Contains("is not the one that its record names", StringComparison.Ordinal) && !line.Contains("the guest has dropped those up to", StringComparison.Ordinal);

    private string Summary() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_outcomes.Values.Sum()} frames (seed {_seed}): {string.Join(", ", Enum.GetValues<FrameOutcome>().Select(outcome => $"{_outcomes.GetValueOrDefault(outcome)} {outcome}"))}; {_faults.Count} faults; slowest {_slowestMs:F0} ms; {_ended} sandboxes ended");

    private static async Task IgnoreEndAsync(TestSandbox sandbox)
    {
        try
        {
            await sandbox.DeleteAsync();
        }
        catch (Exception e) when (e is SandboxNotFoundException or SandboxEndedException or SandboxLostException)
        {
            // The frames have ended it.
        }
    }

    private static void Report(string line)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        if (Environment.GetEnvironmentVariable("PODFLARE_FUZZ_REPORT") is { Length: > 0 } path) File.AppendAllText(path, $"{line}\n", Encoding.UTF8);
    }

    private static long Memory() => GC.GetTotalMemory(forceFullCollection: true);

    private static int Setting(string name, int value) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var set) ? set : value;
}
