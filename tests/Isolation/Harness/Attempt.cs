using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Podflare.Isolation;

/// <summary>A program of <c>attempts/</c>.</summary>
/// <param name="Steps">Its runs, one after the other; the last one says what became of it.</param>
/// <param name="AsRoot">It is executed as root of the container, without the guest.</param>
public sealed partial record Attempt(IReadOnlyList<string> Steps, bool IsBash, bool AsRoot)
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "attempts");
    private static readonly SemaphoreSlim Compiling = new(1);

    /// <param name="name">Folder and name without the ending, such as <c>layers/vsock</c>.</param>
    public static async Task<Attempt> ReadAsync(string name)
    {
        var isBash = File.Exists(Path.Combine(Root, name + ".sh"));
        var text = await File.ReadAllTextAsync(Path.Combine(Root, name + (isBash ? ".sh" : ".py")));
        foreach (var program in Programs().Matches(text).Select(match => match.Groups[1].Value).Distinct())
            text = text.Replace("{{" + program + "}}", await CompileAsync(Path.Combine(Path.GetDirectoryName(Path.Combine(Root, name))!, program + ".c")), StringComparison.Ordinal);
        return new Attempt(text.Split("# --- next run\n"), isBash, text.StartsWith("# as root\n", StringComparison.Ordinal));
    }

    /// <summary>The names of all attempts of a group.</summary>
    public static IEnumerable<string> Of(string group) =>
        Directory.EnumerateFiles(Path.Combine(Root, group)).Where(file => file.EndsWith(".py", StringComparison.Ordinal) || file.EndsWith(".sh", StringComparison.Ordinal))
            .Select(file => $"{group}/{Path.GetFileNameWithoutExtension(file)}").Order(StringComparer.Ordinal);

    private static async Task<string> CompileAsync(string source)
    {
        var program = Path.Combine(Path.GetTempPath(), $"attempt-{Guid.NewGuid():N}");
        await Compiling.WaitAsync();
        try
        {
            // Without a library of the machine: the image may have another one.
            await ProcessOutput.ReadAsync("gcc", "-O1", "-static", "-s", "-o", program, source);
            return Convert.ToBase64String(await File.ReadAllBytesAsync(program));
        }
        finally
        {
            File.Delete(program);
            Compiling.Release();
        }
    }

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Programs();
}

/// <summary>Programs of the test machine.</summary>
internal static class ProcessOutput
{
    /// <returns>What the program has written to both streams.</returns>
    /// <exception cref="InvalidOperationException">It has failed.</exception>
    public static async Task<string> ReadAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var reading = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var text = new StringBuilder(await reading.Item1).Append(await reading.Item2).ToString();
        return process.ExitCode == 0 ? text : throw new InvalidOperationException($"{program} {arguments[0]} failed: {text}");
    }
}
