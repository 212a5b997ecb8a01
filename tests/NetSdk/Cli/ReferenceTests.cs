using System.Text;
using System.Text.RegularExpressions;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>The reference of the command, docs/reference/cli.md, is what its help says. PODFLARE_WRITE_GENERATED=1 writes it.</summary>
public sealed partial class ReferenceTests
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:9");

    [Fact]
    public async Task The_committed_reference_is_what_the_help_says()
    {
        var page = new StringBuilder("# Command line\n\n<!-- Generated from `podflare --help`; do not edit. -->\n\nEach section is the help of a command. ");
        page.Append("The options of `podflare` itself, such as `--url` and `--json`, belong to every command.\n");
        await AddAsync(page, []);

        var file = Path.Combine(TestRun.Repository, "docs", "reference", "cli.md");
        if (Environment.GetEnvironmentVariable("PODFLARE_WRITE_GENERATED") == "1") await File.WriteAllTextAsync(file, page.ToString(), TestContext.Current.CancellationToken);
        var committed = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.True(committed == page.ToString(), "docs/reference/cli.md is out of date: run this test with PODFLARE_WRITE_GENERATED=1.");
    }

    private static async Task AddAsync(StringBuilder page, string[] command)
    {
        var help = await Tool.RunAsync(Nowhere, [.. command, "--help"]);
        Assert.Equal((0, ""), (help.Status, help.Err));
        Assert.Contains("Examples:\n  # ", help.Out, StringComparison.Ordinal);
        var text = string.Join('\n', help.Out.TrimEnd().Split('\n').Select(line => line.TrimEnd()));
        // The options of every command are described once.
        if (command.Length > 0) text = GlobalOption().Replace(text, "");
        page.Append($"\n## {string.Join(' ', command.Prepend("podflare"))}\n\n```text\n{text}\n```\n");
        var start = text.IndexOf("\nCommands:\n", StringComparison.Ordinal);
        if (start < 0) return;
        foreach (Match found in Subcommand().Matches(text[start..].Split("\n\n")[0]))
        {
            // Names are sorted before aliases where both are shown; each leads to the same help.
            await AddAsync(page, [.. command, found.Groups[1].Value.Split(", ")[^1]]);
        }
    }

    [GeneratedRegex(@"^  ([a-z-]+(?:, [a-z-]+)*)(?= |$)", RegexOptions.Multiline)]
    private static partial Regex Subcommand();

    [GeneratedRegex(@"^  (?:-\?, -h, --help|--url <|--api-key <|--profile <|--json ).*\n?", RegexOptions.Multiline)]
    private static partial Regex GlobalOption();
}
