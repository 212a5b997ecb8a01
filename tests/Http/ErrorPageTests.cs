using System.Text.Json;
using Podflare.OpenApi;

namespace Podflare;

public sealed class ErrorPageTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public void Every_code_has_a_page_and_every_page_a_code()
    {
        var pages = Directory.EnumerateFiles(Path.Combine(Repository.Folder, "docs", "errors"), "*.md").Select(Path.GetFileNameWithoutExtension).Where(name => name != "README");

        Assert.Equal(ErrorResponses.Codes.Order(StringComparer.Ordinal), pages.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_type_of_every_problem_is_a_link_that_works_without_a_key()
    {
        using var stranger = _cluster.ClientOf(key: null);
        stranger.DefaultRequestHeaders.Add("Accept", "text/html");
        foreach (var code in ErrorResponses.Codes)
        {
            var type = JsonDocument.Parse(Problems.ProblemWriter.Render(new(400, code, "x"), "t")).RootElement.GetProperty("type").GetString()!;

            using var page = await stranger.SendAsync("GET", new Uri(new Uri(_cluster.Address, "/compat/podflare/v1/sandboxes"), type).ToString());

            Assert.Equal(("text/html; charset=utf-8", 200), (page.Content.Headers.ContentType?.ToString(), (int)page.StatusCode));
            Assert.Contains($"<h1 id=\"{code}\"><code>{code}</code></h1>", await page.ReadTextAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_program_reads_the_page_as_markdown()
    {
        using var page = await _cluster.Client.SendAsync("GET", "/errors/sandbox_not_found");

        Assert.Equal("text/markdown; charset=utf-8", page.Content.Headers.ContentType?.ToString());
        Assert.StartsWith("# `sandbox_not_found`", await page.ReadTextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/errors/x")]
    [InlineData("/errors/README")]
    [InlineData("/errors/..%2fREADME")]
    public async Task A_page_that_does_not_exist_is_not_found(string path) => await (await _cluster.Client.SendAsync("GET", path)).AssertProblemAsync(404, "not_found");
}
