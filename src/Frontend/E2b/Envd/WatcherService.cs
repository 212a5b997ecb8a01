using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Podflare.E2b.Connect;
using Podflare.Files;
using Podflare.Http;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.E2b.Envd;

/// <summary>Watches folders: with a stream of changes, or for clients that poll, with a watcher that ends when nobody asks for a while.</summary>
internal sealed class WatcherService(
    StartServices starts, FilesystemService files, RunReader reader, SandboxHealth health, AbandonedRuns abandoned, IGrainFactory grains, IOptions<E2bOptions> options)
{
    private const int MaxPolled = 1_000;

    // Until the subscription counts as a reader, and what is there has arrived.
    private static readonly TimeSpan PollWait = TimeSpan.FromMilliseconds(50);
    private static readonly byte[] Ping = "{\"keepalive\":{}}"u8.ToArray();

    public async Task WatchAsync(RpcCall call, WatchDirMessage message, ServerStream stream)
    {
        using var limit = stream.Timeout is { } timeout ? new TimeLimit(timeout, starts.Time, call.Aborted) : null;
        var path = await FolderOfAsync(call, message);
        var run = RunId.New();
        var hasEnded = false;
        try
        {
            using var deadline = new TimeLimit(TimeSpan.FromSeconds(starts.Http.Value.StartSeconds), starts.Time, call.Aborted);
            var started = await starts.Starter.StartAsync(call.Tenant, call.Sandbox, run, RequestOf(path, message, null), deadline);
            await using var events = started.Events;
            stream.Write("{\"start\":{}}"u8);
            await stream.FlushAsync();
            hasEnded = await FollowAsync(call, stream, events, new WatchEvents(path.ToString()), limit);
        }
        finally
        {
            if (!hasEnded) abandoned.Interrupt(call.Tenant, call.Sandbox, run);
        }
    }

    /// <summary>The run of the watcher ends when nobody reads it for a while.</summary>
    public async Task<WatcherMessage> CreateAsync(RpcCall call, WatchDirMessage message)
    {
        var path = await FolderOfAsync(call, message);
        var run = RunId.New();
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(starts.Http.Value.StartSeconds), starts.Time, call.Aborted);
        await starts.Starter.StartUnreadAsync(call.Tenant, call.Sandbox, run, RequestOf(path, message, TimeSpan.FromSeconds(options.Value.WatcherIdleSeconds)), deadline);
        return new WatcherMessage(new Watcher(run, path.ToString()).ToString());
    }

    public async Task<WatcherEvents> ReadAsync(RpcCall call, WatcherMessage message)
    {
        var watcher = Watcher.Parse(message.WatcherId);
        var info = await FindAsync(call, watcher);
        var positions = Of(call).AsReference<IWatcherExtension>();
        var position = await positions.GetPosition(call.Tenant, watcher.Run, call.Aborted);
        if (info.State is RunState.Ended && position >= info.LastSeq) throw Watcher.NotFound();
        var (changes, names) = (new List<FilesystemEvent>(), new WatchEvents(watcher.Folder));
        await using var events = reader.Open(call.Tenant, call.Sandbox, watcher.Run, position, expectStart: false, pollWhenFull: null, call.Aborted);
        while (changes.Count < MaxPolled && await events.WaitAsync(PollWait))
        {
            var batch = await events.NextAsync();
            await positions.SetPosition(call.Tenant, watcher.Run, batch.LastSeq, call.Aborted);
            changes.AddRange(names.Read(batch));
            if (batch.HasExit) break;
        }

        return new WatcherEvents(changes);
    }

    public async Task<EmptyMessage> RemoveAsync(RpcCall call, WatcherMessage message)
    {
        var watcher = Watcher.Parse(message.WatcherId);
        await FindAsync(call, watcher);
        await GrainCallRetry.RetryLostAsync(() => Of(call).Interrupt(call.Tenant, watcher.Run, call.Aborted), starts.Time, call.Aborted);
        return new EmptyMessage();
    }

    /// <returns>True when the watch has ended, and not the patience of its client.</returns>
    private async Task<bool> FollowAsync(RpcCall call, ServerStream stream, RunSubscription events, WatchEvents names, TimeLimit? limit)
    {
        while (true)
        {
            var batch = await stream.NextAsync(events, Ping, limit);
            foreach (var change in names.Read(batch)) stream.Write([.. "{\"filesystem\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(change, FileMessageJson.Default.FilesystemEvent), (byte)'}']);
            if (!batch.HasExit)
            {
                await stream.FlushAsync();
                continue;
            }

            if (await health.IsRunningAsync(call.Sandbox, call.Aborted)) return true;
            call.Context.Abort();
            throw new OperationCanceledException();
        }
    }

    private async Task<FilePath> FolderOfAsync(RpcCall call, WatchDirMessage message)
    {
        var path = FilesystemService.PathOf(message.Path, call.Folder);
        return await FilesystemService.NameAsync(message.Path, async () =>
        {
            await files.CheckDirectoryAsync(call, path);
            return path;
        });
    }

    private async Task<RunInfo> FindAsync(RpcCall call, Watcher watcher)
    {
        var info = await GrainCallRetry.RetryLostAsync(() => Of(call).GetRun(call.Tenant, watcher.Run), starts.Time, call.Aborted);
        return info.Kind is RunKind.Watch ? info : throw Watcher.NotFound();
    }

    private static RunRequest RequestOf(FilePath path, WatchDirMessage message, TimeSpan? idle) =>
        new([], RunLanguage.Bash, RunRequest.NoTimeout, OnDisconnect.Interrupt, ImmutableSortedDictionary<string, string>.Empty)
        {
            Kind = RunKind.Watch,
            Watch = new WatchSpec(path, message.Recursive is true),
            DisconnectAfter = idle,
            Keyless = true,
        };

    private ISandboxGrain Of(RpcCall call) => grains.GetGrain<ISandboxGrain>(call.Sandbox.Value);
}
