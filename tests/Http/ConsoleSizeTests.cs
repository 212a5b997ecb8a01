using System.Text;
using System.Text.RegularExpressions;

namespace Podflare;

/// <summary>How much a browser loads for the console, and that it is the program of the repository.</summary>
public sealed partial class ConsoleSizeTests(SharedCluster shared)
{
    private const int MostBytes = 60_000;

    private static readonly string Source = Path.Combine(Repository.Folder, "src");
    private readonly HttpClient _stranger = shared.Cluster.ClientOf(null);

    [Fact]
    public async Task The_whole_console_is_small()
    {
        var folder = Path.Combine(Source, "Frontend", "Console", "www");
        // The front page has files of its own.
        var paths = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Where(path => !path.StartsWith("front.", StringComparison.Ordinal))
            .Concat(Directory.EnumerateFiles(Path.Combine(Source, "Look")).Select(file => $"look/{Path.GetFileName(file)}")).ToArray();
        var bytes = 0L;
        foreach (var path in paths)
        {
            using var response = await _stranger.SendAsync("GET", $"/console/{path}");
            Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
            bytes += response.Content.Headers.ContentLength!.Value;
        }

        Assert.Contains("pages/run.js", paths);
        Assert.InRange(bytes, 1, MostBytes);
    }

    [Theory]
    [InlineData("main.js", "Frontend/Console/www/main.js")]
    [InlineData("ui.js", "Frontend/Console/www/ui.js")]
    [InlineData("look/base.css", "Look/base.css")]
    public async Task Comments_are_left_out_and_every_other_line_stays_where_it_is(string path, string source)
    {
        using var response = await RawHttp.SendAsync(shared.Cluster, $"GET /console/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        var sent = (await response.ReadTextAsync()).Split('\n');
        // As the raw response is read.
        var written = (await File.ReadAllTextAsync(Path.Combine(Source, source), Encoding.Latin1, TestContext.Current.CancellationToken)).Split('\n');

        Assert.Equal(written.Length, sent.Length);
        Assert.DoesNotContain(sent, line => CommentAlone().IsMatch(line));
        Assert.All(sent.Zip(written), pair => Assert.True(pair.First == pair.Second || (pair.First.Length == 0 && Comment().IsMatch(pair.Second)), pair.Second));
        Assert.Contains(sent.Zip(written), pair => pair.First != pair.Second);
    }

    [GeneratedRegex(@"^\s*(//|/\*.*\*/\s*$)")]
    private static partial Regex CommentAlone();

    [GeneratedRegex(@"^\s*(//|/\*|\*|.*\*/\s*$| {3}\S)")]
    private static partial Regex Comment();
}
