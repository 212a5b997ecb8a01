using System.Diagnostics;
using System.Globalization;
using System.Net;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Services;

namespace Podflare.Faults.Chaos;

/// <summary>Makes Redis full, and takes it back to an earlier state.</summary>
internal sealed class RedisFaults(FaultCluster cluster)
{
    private const long Headroom = 256 * 1024;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    /// <summary>Redis has no room for more than a little for this long.</summary>
    public async Task FillAsync(TimeSpan length, CancellationToken cancellationToken)
    {
        await AnswersAsync(cluster.Redis);
        var used = long.Parse(await cluster.Redis.InfoAsync("memory", "used_memory"), CultureInfo.InvariantCulture);
        await cluster.Redis.RunAsync("CONFIG", "SET", "maxmemory", $"{used + Headroom}");
        try
        {
            await Clock.Delay(length, cancellationToken);
        }
        finally
        {
            await cluster.Redis.RunAsync("CONFIG", "SET", "maxmemory", "0");
        }
    }

    /// <summary>Redis dies, and comes back with the files that it had a while ago, as from a snapshot of its disk.</summary>
    public async Task RestoreAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        await AnswersAsync(cluster.Redis);
        var files = Path.Combine(cluster.Folder, "redis", "appendonlydir");
        var older = Path.Combine(cluster.Folder, "redis", "older");
        // A rewrite replaces the files while they are copied.
        do CopyFolder(files, older);
        while (await cluster.Redis.InfoAsync("persistence", "aof_rewrite_in_progress") != "0");
        await Clock.Delay(age, cancellationToken);

        // What starts Redis again must wait until the files are in place.
        var loop = cluster.Find("redis.loop") ?? throw new InvalidOperationException("Nothing keeps Redis running.");
        FaultCluster.Signal(loop, "STOP");
        try
        {
            cluster.Signal("redis", "KILL");
            await Until.TrueAsync(() => Task.FromResult(cluster.Find("redis") is null), StartLimit, "Redis is gone");
            Directory.Delete(files, recursive: true);
            Directory.Move(older, files);
        }
        finally
        {
            FaultCluster.Signal(loop, "CONT");
        }

        await AnswersAsync(cluster.Redis);
    }

    /// <summary>
    /// Redis dies, and a replica that had lost its link to it a while ago takes its place. Later the first one takes over again, in order.
    /// </summary>
    public async Task PromoteReplicaAsync(TimeSpan lag, CancellationToken cancellationToken)
    {
        await AnswersAsync(cluster.Redis);
        var replica = new RedisCli(cluster.Redis.Port + 6);
        var folder = Directory.CreateDirectory(Path.Combine(cluster.Folder, "replica")).FullName;
        string[] settings = ["--port", $"{replica.Port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--logfile", Path.Combine(folder, "log"), "--repl-diskless-sync-delay", "0"];
        using var server = Process.Start("redis-server", settings);
        try
        {
            await AnswersAsync(replica);
            await FollowAsync(replica, cluster.Redis);
            await replica.RunAsync("REPLICAOF", "NO", "ONE");
            await Clock.Delay(lag, cancellationToken);
            cluster.Signal("redis", "KILL");
            Redirect(replica);

            await AnswersAsync(cluster.Redis);
            await FollowAsync(cluster.Redis, replica);
            cluster.RedisProxy.Break(Cut.Stall);
            await InStepAsync(cluster.Redis, replica);
            await cluster.Redis.RunAsync("REPLICAOF", "NO", "ONE");
        }
        finally
        {
            Redirect(cluster.Redis);
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>Everybody's connections end, and the next ones go to this server.</summary>
    private void Redirect(RedisCli server)
    {
        cluster.RedisProxy.Target = new IPEndPoint(IPAddress.Loopback, server.Port);
        cluster.RedisProxy.Break(Cut.Refuse);
        cluster.RedisProxy.Mend();
    }

    private static Task AnswersAsync(RedisCli server) => Until.TrueAsync(server.AnswersAsync, StartLimit, $"Redis answers on port {server.Port}");

    private static async Task FollowAsync(RedisCli server, RedisCli master)
    {
        await server.RunAsync("CONFIG", "SET", "repl-diskless-sync-delay", "0");
        await master.RunAsync("CONFIG", "SET", "repl-diskless-sync-delay", "0");
        await server.RunAsync("REPLICAOF", "127.0.0.1", $"{master.Port}");
        await Until.TrueAsync(async () => await server.InfoAsync("replication", "master_link_status") == "up", StartLimit, "the replica has everything");
    }

    private static Task InStepAsync(RedisCli server, RedisCli master) =>
        Until.TrueAsync(async () => await server.InfoAsync("replication", "slave_repl_offset") == await master.InfoAsync("replication", "master_repl_offset"), StartLimit, "the replica is up to date");

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }
}
