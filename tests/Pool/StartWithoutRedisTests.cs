using System.Diagnostics;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool;

/// <summary>A process that starts while Redis is away.</summary>
public sealed class StartWithoutRedisTests
{
    [Fact(Timeout = 120_000)]
    public async Task A_process_waits_for_Redis_and_starts_when_it_is_there()
    {
        var port = Ports.Free();
        using var process = Start(port, startSeconds: 100, out var address);
        try
        {
            var told = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            while (told is not null && !told.Contains("does not answer yet", StringComparison.Ordinal)) told = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.Contains($"Redis at 127.0.0.1:{port} does not answer yet", told, StringComparison.Ordinal);
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

            await using var redis = await RedisServer.StartAsync(port);

            using var http = new HttpClient { BaseAddress = address };
            await Until.TrueAsync(() => ServesAsync(http), TimeSpan.FromSeconds(60), "the process serves");
            process.Kill();
            await output;
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_process_that_waited_long_enough_ends_with_one_line()
    {
        var port = Ports.Free();
        using var process = Start(port, startSeconds: 1, out _);
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, process.ExitCode);
        Assert.Equal($"podflare: cannot start: Redis at 127.0.0.1:{port} has not answered for 1 s. Check that it runs, and what ConnectionStrings:Redis says.\n", error);
        Assert.DoesNotContain("   at ", await output, StringComparison.Ordinal);
        // Nothing has asked for the silo before Redis answered: its generation would have come from the clock.
        Assert.DoesNotContain("generation", await output, StringComparison.Ordinal);
    }

    private static Process Start(int redis, int startSeconds, out Uri address)
    {
        var http = Ports.Free();
        address = new Uri($"http://127.0.0.1:{http}");
        var start = new ProcessStartInfo("dotnet", [TestRun.Program("Frontend")]) { RedirectStandardOutput = true, RedirectStandardError = startSeconds == 1 };
        start.Environment["PODFLARE_HOSTD_ADDR"] = address.Authority;
        start.Environment["ConnectionStrings__Redis"] = $"127.0.0.1:{redis}";
        start.Environment["Podflare__Redis__StartSeconds"] = $"{startSeconds}";
        start.Environment["Podflare__Role"] = "Frontend";
        start.Environment["Podflare__ClusterId"] = $"{TestRun.Cluster}-late";
        start.Environment["Podflare__SiloPort"] = $"{Ports.Free()}";
        start.Environment["Podflare__GatewayPort"] = $"{Ports.Free()}";
        return Process.Start(start)!;
    }

    private static async Task<bool> ServesAsync(HttpClient http)
    {
        try
        {
            return (await http.GetAsync(new Uri("/livez", UriKind.Relative), TestContext.Current.CancellationToken)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
