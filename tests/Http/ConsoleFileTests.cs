using System.IO.Compression;
using System.Text;

namespace Podflare;

/// <summary>How the server sends the console's files to browsers.</summary>
public sealed class ConsoleFileTests(SharedCluster shared)
{
    private readonly HttpClient _stranger = shared.Cluster.ClientOf(null);

    [Theory]
    [InlineData("/console", "text/html; charset=utf-8")]
    [InlineData("/console/", "text/html; charset=utf-8")]
    [InlineData("/console/main.js", "text/javascript; charset=utf-8")]
    [InlineData("/console/look/tokens.css", "text/css; charset=utf-8")]
    [InlineData("/console/look/base.css", "text/css; charset=utf-8")]
    [InlineData("/console/look/logo.svg", "image/svg+xml")]
    public async Task Everybody_gets_the_files_and_no_cookie(string path, string type)
    {
        using var response = await _stranger.SendAsync("GET", path);

        Assert.Equal((200, type), ((int)response.StatusCode, response.Content.Headers.ContentType?.ToString()));
        Assert.Equal(("no-cache", "same-origin", "nosniff", "no-referrer"), (
            response.Header("Cache-Control"), response.Header("Cross-Origin-Opener-Policy"), response.Header("X-Content-Type-Options"), response.Header("Referrer-Policy")));
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            response.Header("Content-Security-Policy"));
        Assert.Null(response.Header("Set-Cookie"));
    }

    [Theory]
    [InlineData("/console/sandboxes")]
    [InlineData("/console/sandboxes/sbx_00000001ffffffffffffffffffffffff/runs/run_0")]
    [InlineData("/console/no/such/page")]
    public async Task Addresses_within_the_console_answer_its_page(string path)
    {
        using var page = await _stranger.SendAsync("GET", "/console");
        using var deep = await _stranger.SendAsync("GET", path);

        Assert.Equal((200, page.Header("ETag")), ((int)deep.StatusCode, deep.Header("ETag")));
        Assert.Contains("</console/main.js>; rel=modulepreload", deep.Header("Link"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/console/gone.js")]
    [InlineData("/console/pages/gone.js")]
    [InlineData("/console/../appsettings.json")]
    [InlineData("/console/%2e%2e/appsettings.json")]
    public async Task A_file_that_does_not_exist_is_not_found(string path)
    {
        using var response = await RawHttp.SendAsync(shared.Cluster, $"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        await response.AssertProblemAsync(404, "not_found");
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("identity")]
    [InlineData("gzip;q=0, identity")]
    public async Task A_file_that_the_browser_has_is_not_sent_again(string encoding)
    {
        var headers = $"Host: x\r\nConnection: close\r\nAccept-Encoding: {encoding}\r\n";
        using var first = await RawHttp.SendAsync(shared.Cluster, $"GET /console/main.js HTTP/1.1\r\n{headers}\r\n");
        var tag = first.Header("ETag");

        foreach (var sent in new[] { tag, $"W/{tag}", $"\"other\", {tag}", "*" })
        {
            using var again = await RawHttp.SendAsync(shared.Cluster, $"GET /console/main.js HTTP/1.1\r\n{headers}If-None-Match: {sent}\r\n\r\n");
            Assert.Equal((304, tag, ""), ((int)again.StatusCode, again.Header("ETag"), await again.ReadTextAsync()));
        }

        using var changed = await RawHttp.SendAsync(shared.Cluster, $"GET /console/main.js HTTP/1.1\r\n{headers}If-None-Match: \"other\"\r\n\r\n");
        Assert.Equal((200, tag), ((int)changed.StatusCode, changed.Header("ETag")));
    }

    [Fact]
    public async Task Who_accepts_it_gets_the_same_file_compressed()
    {
        using var packed = await _stranger.SendAsync("GET", "/console/look/base.css");
        using var plain = await RawHttp.SendAsync(shared.Cluster, "GET /console/look/base.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.Equal("gzip", packed.Content.Headers.ContentEncoding.Single());
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.NotEqual(packed.Header("ETag"), plain.Header("ETag"));
        Assert.All([packed, plain], response => Assert.Equal("Accept-Encoding", response.Header("Vary")));
        await using var unpacked = new GZipStream(await packed.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken), CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked, Encoding.UTF8);
        Assert.Equal(await plain.ReadTextAsync(), await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/console")]
    [InlineData("/console/main.js")]
    public async Task Head_is_get_without_a_body(string path)
    {
        using var get = await _stranger.SendAsync("GET", path);
        using var head = await _stranger.SendAsync("HEAD", path);

        Assert.Equal((200, get.Header("ETag"), get.Content.Headers.ContentLength), ((int)head.StatusCode, head.Header("ETag"), head.Content.Headers.ContentLength));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_server_without_keys_serves_the_console_only_under_its_own_names_and_files_of_a_folder_if_it_has_one()
    {
        var folder = Directory.CreateTempSubdirectory("podflare-console-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "main.js"), "let changed", TestContext.Current.CancellationToken);
        await using var cluster = await Cluster.StartAsync([], ("PODFLARE_API_KEYS", ""), ("Podflare:Console:Folder", folder.FullName));
        using var refused = await RawHttp.SendAsync(cluster, "GET /console HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        using var changed = await RawHttp.SendAsync(cluster, "GET /console/main.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        using var embedded = await RawHttp.SendAsync(cluster, "GET /console/look/logo.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        folder.Delete(recursive: true);

        await refused.AssertProblemAsync(421, "host_not_allowed");
        Assert.Equal("let changed", await changed.ReadTextAsync());
        Assert.StartsWith("<svg", await embedded.ReadTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_can_do_without_the_console()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Console:Enabled", "false"));

        foreach (var path in new[] { "/console", "/console/main.js", "/console/look/base.css", "/" })
        {
            using var response = await RawHttp.SendAsync(cluster, $"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
            await response.AssertProblemAsync(404, "not_found");
        }
    }
}
