using System.Diagnostics;
using System.Globalization;
using Podflare.EndToEnd.Services;

namespace Podflare.Pool.Services;

/// <summary>A Redis of the test's own.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly string _folder = Path.Combine(TestRun.Folder, "redis");

    public int Port { get; } = Service.FreePort();

    public static async Task<RedisServer> StartAsync()
    {
        var redis = new RedisServer();
        await ScriptAsync("start", redis._folder, redis.Port.ToString(CultureInfo.InvariantCulture));
        return redis;
    }

    public async ValueTask DisposeAsync() => await ScriptAsync("stop", _folder);

    private static async Task ScriptAsync(params string[] arguments)
    {
        using var script = Process.Start(Path.Combine(TestRun.Repository, "eng", "redis.sh"), arguments);
        await script.WaitForExitAsync();
        Assert.Equal(0, script.ExitCode);
    }
}
