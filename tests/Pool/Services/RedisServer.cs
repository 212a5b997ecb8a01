using System.Diagnostics;
using System.Globalization;
using Podflare.EndToEnd.Services;

namespace Podflare.Pool.Services;

/// <summary>A Redis of the test's own.</summary>
internal sealed class RedisServer(int port) : IAsyncDisposable
{
    public int Port => port;

    // Of its own: other classes of tests run beside this one.
    private string Folder => Path.Combine(TestRun.Folder, $"redis-{Port}");

    public static Task<RedisServer> StartAsync() => StartAsync(Ports.Free());

    public static async Task<RedisServer> StartAsync(int port)
    {
        var redis = new RedisServer(port);
        await ScriptAsync("start", redis.Folder, redis.Port.ToString(CultureInfo.InvariantCulture));
        return redis;
    }

    public async ValueTask DisposeAsync() => await ScriptAsync("stop", Folder);

    private static async Task ScriptAsync(params string[] arguments)
    {
        using var script = Process.Start(Path.Combine(TestRun.Repository, "eng", "redis.sh"), arguments);
        await script.WaitForExitAsync();
        Assert.Equal(0, script.ExitCode);
    }
}
