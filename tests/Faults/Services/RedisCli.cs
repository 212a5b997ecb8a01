using System.Diagnostics;

namespace Podflare.Faults.Services;

/// <summary>A Redis on this machine as its operator uses it, by <c>redis-cli</c>.</summary>
internal sealed class RedisCli(int port)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public int Port => port;

    /// <summary>Runs one command.</summary>
    /// <returns>What it printed, without the last newline.</returns>
    /// <exception cref="InvalidOperationException">Redis does not answer, or refuses the command.</exception>
    public async Task<string> RunAsync(params string[] command)
    {
        using var cli = Process.Start(new ProcessStartInfo("redis-cli", ["-p", $"{port}", "-e", .. command]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = cli.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var output = await cli.StandardOutput.ReadToEndAsync(limit.Token);
            await cli.WaitForExitAsync(limit.Token);
            if (cli.ExitCode == 0) return output.TrimEnd('\n');
            throw new InvalidOperationException($"redis-cli {command[0]}: {output}{await errors}");
        }
        catch (OperationCanceledException)
        {
            cli.Kill();
            throw new InvalidOperationException($"redis-cli {command[0]}: no answer within {Limit.TotalSeconds:0} s.");
        }
    }

    /// <summary>All keys.</summary>
    public async Task<string[]> ListKeysAsync() => Lines(await RunAsync("--scan"));

    /// <summary>All keys that never expire.</summary>
    public async Task<string[]> ListLastingKeysAsync()
    {
        const string Script = "local found = {} for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('PTTL', key) == -1 then found[#found + 1] = key end end return found";
        return Lines(await RunAsync("EVAL", Script, "0"));
    }

    /// <summary>A figure of <c>INFO</c>.</summary>
    public async Task<string> InfoAsync(string section, string name)
    {
        var line = Lines(await RunAsync("INFO", section)).Single(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
        return line[(name.Length + 1)..].TrimEnd('\r');
    }

    /// <summary>Whether it answers.</summary>
    public async Task<bool> AnswersAsync()
    {
        try
        {
            return await RunAsync("PING") == "PONG";
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
