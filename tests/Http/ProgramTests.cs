using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Podflare;

/// <summary>The program itself, where it refuses to start.</summary>
public sealed class ProgramTests
{
    [Theory]
    [InlineData("0.0.0.0:0", null, "podflare: cannot start: PODFLARE_API_KEYS is empty and 0.0.0.0:0 is not a loopback address")]
    [InlineData("somewhere:80", null, "podflare: cannot start: PODFLARE_HOSTD_ADDR is 'somewhere:80'")]
    [InlineData("127.0.0.1:{taken}", null, "podflare: cannot start: the address 127.0.0.1:{taken} is in use by another process; set PODFLARE_HOSTD_ADDR")]
    [InlineData("0.0.0.0:{taken}", "a-key-of-16-char", "podflare: cannot start: the address 0.0.0.0:{taken} is in use by another process; set PODFLARE_HOSTD_ADDR")]
    [InlineData("0.0.0.0:0", "a:secret", "podflare: cannot start: PODFLARE_API_KEYS has a key of fewer than 16 characters")]
    [InlineData("127.0.0.1:0", "a:secret,b:secret", "podflare: cannot start: PODFLARE_API_KEYS lists the same key twice.")]
    public async Task A_start_that_cannot_be_right_ends_with_one_line_and_code_1(string address, string? keys, string expected)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        string Fill(string text) => text.Replace("{taken}", $"{((IPEndPoint)other.LocalEndpoint).Port}", StringComparison.Ordinal);

        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Podflare.Frontend.dll")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
            Environment = { ["PODFLARE_HOSTD_ADDR"] = Fill(address), ["PODFLARE_API_KEYS"] = keys },
        })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((1, "", 1), (process.ExitCode, await output, error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
        Assert.StartsWith(Fill(expected), error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }
}
