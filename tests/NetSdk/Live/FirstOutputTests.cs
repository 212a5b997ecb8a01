using System.Diagnostics;
using System.Text.RegularExpressions;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Live;

/// <summary>The repository's README: what it says to type is typed, and prints what it says.</summary>
public sealed partial class FirstOutputTests(Service service)
{
    private const string Streamed = "[1] out: 0\n[2] out: 1\n[3] out: 2\nexit code: 0\n";
    private static readonly string Readme = File.ReadAllText(Path.Combine(TestRun.Repository, "README.md"));
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Curl_prints_events_and_finds_the_state_again()
    {
        var blocks = Blocks("curl");
        var first = await ShellAsync(blocks[0].Text);
        Assert.Equal(Timeless(blocks[1].Text), Timeless(first));

        var more = (await ShellAsync(blocks[0].Text + blocks[2].Text))[first.Length..];
        Assert.Contains("\"data\":\"42\\n\"", more, StringComparison.Ordinal);
        Assert.Contains("total ", more, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(more, "\"data\":\"42"));
        // A clone, run.sh and these.
        Assert.InRange(blocks[0].Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, 1, 3);
    }

    [Fact]
    public async Task Python_prints_what_it_says()
    {
        var blocks = Blocks("Python");
        Assert.Equal(File.ReadAllText(Path.Combine(TestRun.Repository, "samples", "first.py")), blocks[1].Text);
        Assert.Equal(Streamed, blocks[2].Text);
        Assert.EndsWith(Streamed, await ShellAsync(blocks[0].Text), StringComparison.Ordinal);
        Assert.Equal("", await PythonAsync(blocks[3].Text));
        // The vendor's own client is not to be had here; ours takes the same arguments, and knows the mount.
        var theirs = Blocks("Existing clients")[0].Text;
        Assert.Contains("http://127.0.0.1:7070/compat/podflare", theirs, StringComparison.Ordinal);
        Assert.Equal("42\n\n", await PythonAsync(theirs.Replace("http://127.0.0.1:7070/", service.Address.ToString(), StringComparison.Ordinal)));
    }

    [Fact]
    public async Task CSharp_prints_what_it_says()
    {
        var blocks = Blocks("C#");
        Assert.Equal(File.ReadAllText(Path.Combine(TestRun.Repository, "samples", "first.cs")), blocks[1].Text);
        Assert.EndsWith(Streamed, await ShellAsync(blocks[0].Text), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_page_about_CSharp_prints_what_it_says()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(TestRun.Repository, "docs", "start", "csharp.md"), TestContext.Current.CancellationToken);
        var blocks = Block().Matches(page).ToLookup(match => match.Groups[1].Value, match => match.Groups[2].Value);
        var file = Path.Combine(TestRun.Folder, "first-page.cs");
        await File.WriteAllTextAsync(file, $"#:project {TestRun.Repository}/src/Client\n{Assert.Single(blocks["csharp"])}", TestContext.Current.CancellationToken);
        // Not below the repository, whose build settings are for its own projects.
        Assert.EndsWith(Assert.Single(blocks["text"]), await ShellAsync($"dotnet run {file}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_is_built_as_one_file_and_prints_what_it_says()
    {
        var blocks = Blocks("The command");
        Assert.EndsWith(blocks[1].Text, await ShellAsync(blocks[0].Text), StringComparison.Ordinal);
        var tool = Path.Combine(TestRun.Repository, "artifacts", "cli", "podflare");
        Assert.Equal("42\n", await ShellAsync($"cd / && DOTNET_ROOT=/nowhere {tool} run -c 'print(6 * 7)'"));

        // The same as a .NET tool, from the package beside it.
        var folder = Directory.CreateTempSubdirectory("pf-").FullName;
        await ShellAsync($"NUGET_PACKAGES={folder}/packages dotnet tool install Podflare.Cli --tool-path {folder} --version 0.1.0 --source artifacts/packages --verbosity quiet");
        Assert.Equal("42\n", await ShellAsync($"{folder}/podflare run -c 'print(6 * 7)'"));
    }

    /// <summary>The code blocks of a section: language and text.</summary>
    private static List<(string Language, string Text)> Blocks(string section)
    {
        var start = Readme.IndexOf($"\n### {section}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"The README has no section {section}.");
        // A comment in a block of code is no heading.
        var next = Heading().Match(Readme, start + 5);
        return [.. Block().Matches(Readme[start..next.Index]).Select(match => (match.Groups[1].Value, match.Groups[2].Value))];
    }

    private Task<string> PythonAsync(string code) => RunAsync("/usr/bin/python3", ["-c", code]);

    private Task<string> ShellAsync(string commands) => RunAsync("bash", ["-euo", "pipefail", "-c", commands]);

    private async Task<string> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = TestRun.Repository };
        start.Environment["PODFLARE_HOSTD_URL"] = service.Address.ToString().TrimEnd('/');
        start.Environment["PYTHONPATH"] = "clients/python/src";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        foreach (var name in new[] { "PODFLARE_API_KEY", "PODFLARE_TRACEPARENT" }) start.Environment.Remove(name);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)}: {process.ExitCode}\n{output}{await errors}");
            return output;
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static string Timeless(string lines) => Time().Replace(lines, "\"ts\":0");

    [GeneratedRegex("^```([a-z#]*)\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex("^##+ [A-Za-z]", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("\"ts\":[0-9]+")]
    private static partial Regex Time();
}
