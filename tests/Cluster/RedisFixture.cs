using System.Diagnostics;
using Podflare;
using StackExchange.Redis;

[assembly: AssemblyFixture(typeof(RedisFixture))]

namespace Podflare;

/// <summary>
/// A Redis for these tests: the one that <c>PODFLARE_TEST_REDIS</c> names, else a server of their own with an append-only file, on a unix socket.
/// Without a <c>redis-server</c> the tests fail.
/// </summary>
public sealed class RedisFixture : IAsyncLifetime
{
    private Process? _server;
    private string? _folder;

    /// <summary>Configured as the hosts do it.</summary>
    public IConnectionMultiplexer Redis { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var address = Environment.GetEnvironmentVariable("PODFLARE_TEST_REDIS") ?? await StartServerAsync();
        var options = ConfigurationOptions.Parse(address);
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.AsyncTimeout = 2000;
        options.AllowAdmin = true;
        Redis = await ConnectionMultiplexer.ConnectAsync(options);
    }

    public async ValueTask DisposeAsync()
    {
        if (Redis is not null) await Redis.DisposeAsync();
        if (_server is null) return;
        _server.Kill();
        await _server.WaitForExitAsync();
        _server.Dispose();
        Directory.Delete(_folder!, recursive: true);
    }

    private async Task<string> StartServerAsync()
    {
        _folder = Directory.CreateTempSubdirectory("pf-redis-").FullName;
        var socket = Path.Combine(_folder, "s");
        _server = Process.Start(new ProcessStartInfo("redis-server")
        {
            ArgumentList =
            {
                "--port", "0", "--unixsocket", socket, "--dir", _folder, "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction",
                "--daemonize", "no", "--logfile", Path.Combine(_folder, "log"),
            },
        })!;
        for (var start = Stopwatch.GetTimestamp(); !File.Exists(socket); await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System))
        {
            if (_server.HasExited || Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(20)) throw new InvalidOperationException("redis-server does not start.");
        }

        return "!" + socket;
    }
}
