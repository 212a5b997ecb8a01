using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podflare.NetSdk.Services;

// The snippets are as a user writes them, without the token of a test.
#pragma warning disable xUnit1051

namespace Podflare.NetSdk.Live;

/// <summary>The README of the package: each of its snippets is in this file and is run.</summary>
public sealed partial class ReadmeTests(Service service)
{
    [Fact]
    public void Every_snippet_of_the_readme_is_compiled_here()
    {
        var readme = File.ReadAllText(Path.Combine(TestRun.Repository, "src", "Client", "README.md"));
        string[] files = ["ReadmeTests.cs", "ReadmeProcessTests.cs", "ReadmeAdministrationTests.cs"];
        var here = Flat(string.Concat(files.Select(name => File.ReadAllText(Path.Combine(TestRun.Repository, "tests", "NetSdk", "Live", name)))));
        var snippets = Snippet().Matches(readme).Select(match => match.Groups[1].Value).ToArray();
        Assert.Equal(10, snippets.Length);
        Assert.All(snippets, snippet => Assert.Contains(Flat(snippet.Replace("using Podflare;\n", "", StringComparison.Ordinal).Replace("new PodflareClient();", "Here();", StringComparison.Ordinal)), here, StringComparison.Ordinal));

        static string Flat(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
    }

    [Fact]
    public async Task They_do_what_the_readme_says()
    {
        using var client = Here();  // PODFLARE_HOSTD_URL, or http://127.0.0.1:7070; PODFLARE_API_KEY
        await using var sandbox = await client.CreateSandboxAsync();

        await foreach (var e in sandbox.RunStreamAsync("for i in range(3): print(i)"))
        {
            if (e is StdoutEvent stdout) Console.Write($"[{e.Seq}] out: {stdout.Data}");
            else if (e is StderrEvent stderr) Console.Write($"[{e.Seq}] err: {stderr.Data}");
            else if (e is ExitEvent exit) Console.WriteLine($"exit code: {exit.Code}");
        }

        Assert.Equal("[1] out: 0\n[2] out: 1\n[3] out: 2\nexit code: 0\n", Console.Text);
        Console.Clear();

        await sandbox.RunAsync("x = 21");
        var result = await sandbox.RunAsync("print(x * 2)");
        Console.Write(result.Stdout);  // 42

        var listing = await sandbox.RunAsync("ls /tmp", new RunOptions { Language = RunLanguage.Bash, Timeout = TimeSpan.FromSeconds(10) });
        if (!listing.Succeeded) Console.WriteLine($"{listing.ExitCode} {listing.Reason}: {listing.Stderr}");

        Assert.Equal("42\n", Console.Text);
        await ComeBackAsync(client, sandbox);
    }

    [Fact]
    public void The_application_starts()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddPodflareClient(options =>
        {
            options.BaseAddress = new Uri("http://127.0.0.1:7070");
            options.AnswerTimeout = TimeSpan.FromSeconds(30);
        });
        using var host = builder.Build();
        Assert.Equal("http://127.0.0.1:7070/", host.Services.GetRequiredService<PodflareClient>().BaseAddress.ToString());
    }

    private static async Task ComeBackAsync(PodflareClient client, Sandbox sandbox)
    {
        using var run = await sandbox.StartRunAsync("import time\nfor i in range(100): print(i); time.sleep(0.01)");

        long seen = 0;
        await foreach (var e in run.ReadEventsAsync())
        {
            seen = e.Seq;
            if (seen == 3) break;  // the run continues
        }

        var again = client.Attach(sandbox.Id).GetRun(run.Id);  // this can be another process
        await foreach (var e in again.ReadEventsAsync(after: seen))
        {
            if (e.Seq == 10) await again.InterruptAsync();
        }

        Assert.Equal((130, ExitReason.Interrupted), await again.GetInfoAsync() is var info ? (info.ExitCode, info.Reason) : default);
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();

    private PodflareClient Here() => service.Connect();

    /// <summary>Where the snippets write to.</summary>
    private static class Console
    {
        private static readonly StringWriter To = new() { NewLine = "\n" };

        public static string Text => To.ToString();

        public static void Write(string text) => To.Write(text);

        public static void WriteLine(string text) => To.WriteLine(text);

        public static void Clear() => To.GetStringBuilder().Clear();
    }
}
