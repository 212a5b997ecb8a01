using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;
using Podflare.Contexts;
using Podflare.Files;
using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Fuzz;

/// <summary>Clients of a sandbox whose guest makes no sense: their calls are what its answers answer.</summary>
[SuppressMessage("Security", "CA5394", Justification = "What is called must be the same for each seed.")]
internal sealed class FuzzedCalls(TestSandbox sandbox, int seed, ConcurrentDictionary<string, string> faults)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private static readonly FilePath Path = new("/root/a"u8.ToArray());

    private readonly Random _random = new(seed);
    private RunId _run = RunId.New();

    /// <summary>Calls until it is stopped. An exception that clients would get as an internal error is added to the faults.</summary>
    public async Task RunAsync(CancellationToken stopped)
    {
        while (!stopped.IsCancellationRequested)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopped);
            limit.CancelAfter(Limit);
            try
            {
                await CallAsync(_random.Next(16), limit.Token).WaitAsync(Limit * 3, stopped);
            }
            catch (Exception e) when (e is OperationCanceledException or TimeoutException or OrleansException || e.GetType().Namespace?.StartsWith("Podflare", StringComparison.Ordinal) is true)
            {
                // An answer that the API has for its clients.
            }
            catch (Exception e)
            {
                faults.TryAdd($"call: {e.GetType().Name}: {e.Message}", e.ToString());
            }
        }
    }

    private Task CallAsync(int call, CancellationToken limit)
    {
        var (grain, files, contexts, tenant) = (sandbox.Grain, sandbox.Files, sandbox.Contexts, GrainCluster.Tenant);
        return call switch
        {
            0 or 1 or 2 => grain.StartRun(tenant, _run = RunId.New(), Request(), limit),
            3 => grain.WriteStdin(tenant, _run, new StdinChunk("x\n"u8.ToArray()), limit),
            4 => grain.Signal(tenant, _run, "SIGTERM", SignalScope.Process, limit),
            5 => grain.Resize(tenant, _run, new TerminalSize(80, 24), limit),
            6 => grain.Interrupt(tenant, _run, limit),
            7 => files.List(tenant, Path, null, 100, limit),
            8 => files.Stat(tenant, Path, followLinks: true, limit),
            9 => files.ListTree(tenant, Path, 3, null, 100, limit),
            10 => ReadAsync(isArchive: _random.Next(2) == 0, limit),
            11 => WriteAsync(isArchive: _random.Next(2) == 0, limit),
            12 => files.Move(tenant, Path, Path, overwrite: true, parents: true, limit),
            13 => contexts.List(tenant, limit),
            14 => contexts.Create(tenant, new ContextSpec(null, RunLanguage.Bash, null, ImmutableSortedDictionary<string, string>.Empty), limit),
            _ => grain.ReadEvents(tenant, _run, 0, limit),
        };
    }

    private RunRequest Request()
    {
        var request = new RunRequest("1"u8.ToArray(), RunLanguage.Python, TimeSpan.FromHours(1), OnDisconnect.Continue, ImmutableSortedDictionary<string, string>.Empty);
        return _random.Next(3) switch
        {
            0 => request with { Stdin = true },
            1 => request with { Language = RunLanguage.Bash, Kind = RunKind.Process, Process = new ProcessSpec([], "/tmp", new TerminalSize(80, 24)), Stdin = true },
            _ => request,
        };
    }

    private async Task ReadAsync(bool isArchive, CancellationToken limit)
    {
        var id = Guid.NewGuid();
        if (isArchive) await sandbox.Files.OpenArchive(id, GrainCluster.Tenant, Path, limit);
        else await sandbox.Files.OpenRead(id, GrainCluster.Tenant, Path, limit);
        for (var offset = 0L; await sandbox.Files.Read(id, offset, limit) is { } chunk;) offset += chunk.Length;
        await sandbox.Files.Close(id);
    }

    private async Task WriteAsync(bool isArchive, CancellationToken limit)
    {
        var id = Guid.NewGuid();
        if (isArchive) await sandbox.Files.OpenExtract(id, GrainCluster.Tenant, Path, gzip: false, limit);
        else await sandbox.Files.OpenWrite(id, GrainCluster.Tenant, Path, 3, limit);
        var chunk = FileChunk.Rent(3);
        "abc"u8.CopyTo(chunk.Bytes.Span);
        await sandbox.Files.Write(id, 0, chunk, limit);
        if (isArchive) await sandbox.Files.Extract(id, 3, limit);
        else await sandbox.Files.Publish(id, 3, limit);
    }
}
