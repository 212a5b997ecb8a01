using System.Diagnostics;
using Podflare.EndToEnd.Services;

namespace Podflare.Pool.Services;

/// <summary>Runs a program, and fails with what it said when it fails.</summary>
internal static class Script
{
    /// <param name="program">A path in the repository, or a name on the PATH.</param>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var path = program.Contains('/', StringComparison.Ordinal) ? Path.Combine(TestRun.Repository, program) : program;
        using var process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await output}{await errors}");
        return await output;
    }
}
