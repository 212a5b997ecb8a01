using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Podflare.Documentation;

/// <summary>Pages that are generated are up to date, and links between pages lead somewhere.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string[] Folders = [".github", "docs", "clients", "samples"];
    private static readonly string[] ForBeginners = ["start", "guides"];

    [Theory]
    [InlineData("eng/make-configuration-docs.py")]
    [InlineData("eng/make-overview-picture.py")]
    public async Task What_a_script_generates_is_what_is_committed(string script)
    {
        var start = new ProcessStartInfo("python3", [Path.Combine(Repository.Folder, script), "--check"]) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var problems = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, problems);
    }

    [Fact]
    public void Every_relative_link_leads_to_a_file()
    {
        var root = Repository.Folder;
        var pages = Directory.GetFiles(root, "*.md")
            .Concat(Folders.SelectMany(folder => Directory.GetFiles(Path.Combine(root, folder), "*.md", SearchOption.AllDirectories)))
            // The site makes copies of the pages.
            .Where(page => !page.Contains("node_modules", StringComparison.Ordinal) && !page.Contains("docs/site/", StringComparison.Ordinal));
        var dead = from page in pages
                   from link in Links(File.ReadAllText(page))
                   let target = link.Split('#')[0]
                   where target.Length > 0 && !target.Contains(':', StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target))
                   select $"{Path.GetRelativePath(root, page)}: {link}";
        Assert.Empty(dead);
    }

    /// <summary>A block that is not executed has a comment that says why; a page about a vendor says that it has not been run there.</summary>
    [Fact]
    public void Every_page_with_code_for_beginners_is_run_by_a_test_or_says_why_not()
    {
        var tests = Path.Combine(Repository.Folder, "tests");
        string[] endings = [".py", ".mjs", ".cs", ".js"];
        var sources = string.Concat(Directory.EnumerateFiles(tests, "*", SearchOption.AllDirectories)
            .Where(file => endings.Contains(Path.GetExtension(file)) && !file.Contains("node_modules", StringComparison.Ordinal)).Select(File.ReadAllText));
        var silent = from folder in ForBeginners
                     from page in Directory.GetFiles(Path.Combine(Repository.Folder, "docs", folder), "*.md")
                     let text = File.ReadAllText(page)
                     let name = Path.GetFileNameWithoutExtension(page)
                     where !new[] { $"{name}.md", $"\"{name}\"", $"'{name}'" }.Any(written => sources.Contains(written, StringComparison.Ordinal)) && !text.Contains("have not been run", StringComparison.Ordinal)
                     where Program().Matches(text).Any(block => !block.Groups[1].Success)
                     select Path.GetFileName(page);
        Assert.Empty(silent);
    }

    [Fact]
    public void Every_alert_leads_to_a_section_that_says_what_to_do()
    {
        var alerts = File.ReadAllText(Path.Combine(Repository.Folder, "deploy", "prometheus-alerts.yml"));
        var page = File.ReadAllText(Path.Combine(Repository.Folder, "docs", "monitoring.md"));
        var named = Alert().Matches(alerts).Select(match => match.Groups[1].Value).ToArray();
        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains($"\n## {name}\n", page, StringComparison.Ordinal));
        Assert.All(named, name => Assert.Contains($"runbook_url: \"docs/monitoring.md#{name.ToLowerInvariant()}\"", alerts, StringComparison.Ordinal));
        Assert.Equal(named.Length, Section().Count(page));
    }

    [Fact]
    public void The_tests_that_the_threat_model_names_exist()
    {
        var folder = Path.Combine(Repository.Folder, "tests");
        var sources = string.Concat(
            Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(Path.Combine(folder, "Guest"), "*.py")).Select(File.ReadAllText));
        var named = TestName().Matches(File.ReadAllText(Path.Combine(Repository.Folder, "docs", "threat-model.md"))).Select(match => match.Groups[1].Value).ToArray();
        Assert.NotEmpty(named);
        Assert.DoesNotContain(named, name => !sources.Contains($" {name}(", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Links(string page) =>
        from match in Link().Matches(CodeBlock().Replace(page, ""))
        select match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value;

    [GeneratedRegex("`((?:[A-Z][a-z]*|test)_[A-Za-z0-9]+_[A-Za-z0-9_]+)`")]
    private static partial Regex TestName();

    [GeneratedRegex("^(<!-- not executed[^>]*-->\n)?```(?:sh|bash|python|ts|js|csharp)\n", RegexOptions.Multiline)]
    private static partial Regex Program();

    [GeneratedRegex("^ *- alert: (\\w+)$", RegexOptions.Multiline)]
    private static partial Regex Alert();

    [GeneratedRegex("^## Podflare[A-Za-z]+$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex("^```.*?^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("""\]\(([^)\s]+)\)|(?:src|srcset|href)=["]([^"]+)["]""")]
    private static partial Regex Link();
}
