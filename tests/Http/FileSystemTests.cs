using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Podflare.Sandboxes;

namespace Podflare;

/// <summary>Operations on files and directories.</summary>
public sealed class FileSystemTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_stat_tells_everything_about_a_file_and_a_link()
    {
        var id = Add("root/a.txt", "hello");
        var tag = Scripted.ScriptedFiles.TagOf("hello"u8.ToArray());

        var file = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/fs/stat?path=/root/a.txt&follow=true")).ReadTextAsync();
        var link = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/fs/stat?path=/root/a.txt")).ReadJsonAsync();

        Assert.Equal(
            "{\"name\":\"a.txt\",\"type\":\"file\",\"size\":5,\"modified_at\":\"2026-05-01T12:00:00.500Z\",\"path\":\"/root/a.txt\",\"mode\":\"0644\",\"owner\":\"root\",\"group\":\"1000\",\"etag\":\"\\u0022"
            + $"{tag}\\u0022\"}}",
            file);
        Assert.Equal(("symlink", "/w=="), (link.GetProperty("type").GetString(), link.GetProperty("target_b64").GetString()));
    }

    [Fact]
    public async Task A_tree_is_listed_to_a_depth_and_in_pages()
    {
        var id = Add("root/t/a.txt", "1");
        foreach (var file in new[] { "/root/t/b/c.txt", "/root/t/b/d/e.txt" }) _cluster.World.Sandboxes[id.Value].Files[file] = [];

        Assert.Equal(["/root/t/a.txt"], await PathsAsync(id, "&depth=1"));
        Assert.Equal(["/root/t/a.txt", "/root/t/b/c.txt"], await PathsAsync(id, "&depth=2"));
        var page = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/files?path=/root/t&depth=32&limit=2")).ReadJsonAsync();
        Assert.Equal(["/root/t/b/d/e.txt"], await PathsAsync(id, $"&depth=32&limit=2&cursor={page.GetProperty("next_cursor").GetString()}"));
        foreach (var depth in new[] { "0", "33", "x" })
            Assert.True((await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/files?path=/root/t&depth={depth}")).AssertProblemAsync(400, "invalid_request")).GetProperty("errors").TryGetProperty("depth", out _));
    }

    [Fact]
    public async Task A_cursor_of_the_longest_path_fits()
    {
        var id = Add("root/t/a.txt", "1");
        var cursor = Convert.ToBase64String(Encoding.UTF8.GetBytes("/root/t/" + new string('b', 4_087)));

        Assert.Empty(await PathsAsync(id, $"&depth=2&cursor={cursor.TrimEnd('=')}"));
    }

    [Fact]
    public async Task A_directory_is_made_once()
    {
        var id = Add("root/a.txt", "1");

        var created = await SendAsync(id, "mkdir", new { path = "/root/new", mode = "0700", parents = true });
        var repeated = await SendAsync(id, "mkdir", new { path_b64 = Convert.ToBase64String("/root/new"u8) });

        Assert.Equal((201, 200, "0700", "directory"), (
            (int)created.StatusCode, (int)repeated.StatusCode, (await created.ReadJsonAsync()).GetProperty("mode").GetString(), (await repeated.ReadJsonAsync()).GetProperty("type").GetString()));
        var problem = await (await SendAsync(id, "mkdir", new { path = "/root/a.txt" })).AssertProblemAsync(409, "file_exists");
        Assert.Equal("/root/a.txt exists", problem.GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_file_is_copied_and_moved()
    {
        var id = Add("root/a.txt", "1");
        var files = _cluster.World.Sandboxes[id.Value].Files;

        var copied = await SendAsync(id, "copy", new { from = "/root/a.txt", to = "/root/b.txt" });
        var moved = await SendAsync(id, "move", new { from = "/root/a.txt", to_b64 = Convert.ToBase64String("/root/c.txt"u8) });

        Assert.Equal((201, 201, "/root/b.txt", "/root/c.txt"), (
            (int)copied.StatusCode, (int)moved.StatusCode, (await copied.ReadJsonAsync()).GetProperty("path").GetString(), (await moved.ReadJsonAsync()).GetProperty("path").GetString()));
        Assert.Equal(["/root/b.txt", "/root/c.txt"], files.Keys.Order());
        var exists = await (await SendAsync(id, "move", new { from = "/root/b.txt", to = "/root/c.txt", overwrite = false })).AssertProblemAsync(409, "file_exists");
        Assert.Equal("/root/c.txt exists", exists.GetProperty("error").GetString());
        var missing = await (await SendAsync(id, "copy", new { from = "/root/none", to = "/root/c.txt" })).AssertProblemAsync(404, "file_not_found");
        Assert.Equal("file not found: /root/none", missing.GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("mkdir", "{}", "path")]
    [InlineData("mkdir", "{\"path\":\"new\"}", "path")]
    [InlineData("mkdir", "{\"path\":\"/a/../b\"}", "path")]
    [InlineData("mkdir", "{\"path_b64\":\"?\"}", "path_b64")]
    [InlineData("mkdir", "{\"path\":\"/a\",\"mode\":\"888\"}", "mode")]
    [InlineData("mkdir", "{\"path\":\"/a\",\"mode\":755}", "mode")]
    [InlineData("mkdir", "{\"path\":\"/a\",\"parents\":1}", "parents")]
    [InlineData("move", "{\"to\":\"/a\"}", "from")]
    [InlineData("move", "{\"from\":\"/a\"}", "to")]
    [InlineData("move", "{\"from\":\"/a\",\"to\":\"/a/b\"}", "to")]
    [InlineData("copy", "{\"from\":\"/a\",\"to\":\"/a/b/c\"}", "to")]
    [InlineData("copy", "{\"from\":\"/a\",\"to\":\"/b\",\"recursive\":\"yes\"}", "recursive")]
    public async Task A_request_that_is_wrong_names_the_field(string operation, string body, string field)
    {
        var problem = await (await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{_cluster.World.Add()}/fs/{operation}", body)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task A_directory_is_deleted_with_all_below_it_only_when_asked_to()
    {
        var id = Add("root/t/a.txt", "1");

        await (await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}/files/root/t")).AssertProblemAsync(409, "directory_not_empty");
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}/files/root/t?recursive=true")).StatusCode);

        Assert.Empty(_cluster.World.Sandboxes[id.Value].Files);
        await SendAsync(id, "mkdir", new { path = "/root/empty" });
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}/files/root/empty")).StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_archive_is_downloaded_and_uploaded(bool isCompressed)
    {
        var id = Add("root/t/a.txt", "1");
        _cluster.World.Sandboxes[id.Value].Files["/root/t/b/c.txt"] = "23"u8.ToArray();

        var archive = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/fs/archive?path=/root/t");
        var bytes = await archive.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var written = await UploadAsync(id, isCompressed ? Compress(bytes) : bytes, "application/x-tar", isCompressed ? "gzip" : null);

        Assert.Equal(("application/x-tar", "no-store, no-transform"), (archive.Content.Headers.ContentType?.ToString(), archive.Header("Cache-Control")));
        Assert.Equal((200, "{\"files\":2,\"directories\":1,\"bytes\":3}"), ((int)written.StatusCode, await written.ReadTextAsync()));
        Assert.Equal("23"u8.ToArray(), _cluster.World.Sandboxes[id.Value].Files["/root/u/b/c.txt"]);
    }

    [Fact]
    public async Task A_damaged_archive_says_what_was_written()
    {
        var problem = await (await UploadAsync(_cluster.World.Add(), "a 1\nb"u8.ToArray(), "application/x-tar", null)).AssertProblemAsync(400, "invalid_archive");

        Assert.Equal(("{\"files\":1,\"directories\":1,\"bytes\":1}", "invalid archive: it ends within a member"), (problem.GetProperty("written").GetRawText(), problem.GetProperty("error").GetString()));
    }

    [Theory]
    [InlineData("application/zip", null, "unsupported_media_type")]
    [InlineData("application/x-tar", "br", "unsupported_encoding")]
    [InlineData("application/x-tar", "gzip, gzip", "unsupported_encoding")]
    public async Task An_archive_of_another_kind_is_refused(string type, string? encoding, string code) =>
        await (await UploadAsync(_cluster.World.Add(), "a 1\n"u8.ToArray(), type, encoding)).AssertProblemAsync(415, code);

    [Theory]
    [InlineData("PUT", "files/root/a.txt")]
    [InlineData("POST", "fs/mkdir")]
    [InlineData("POST", "exec")]
    public async Task A_compressed_body_is_refused_everywhere_else(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/v1/sandboxes/{_cluster.World.Add()}/{path}") { Content = new ByteArrayContent(Compress("{}"u8.ToArray())) };
        request.Content.Headers.ContentEncoding.Add("gzip");

        await (await _cluster.Client.SendAsync(request, TestContext.Current.CancellationToken)).AssertProblemAsync(415, "unsupported_encoding");
    }

    [Fact]
    public async Task An_archive_of_a_directory_that_does_not_exist_is_refused_before_the_stream()
    {
        var problem = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{_cluster.World.Add()}/fs/archive?path=/root/none")).AssertProblemAsync(404, "file_not_found");

        Assert.Equal("file not found: /root/none", problem.GetProperty("error").GetString());
    }

    private SandboxId Add(string path, string content)
    {
        var id = _cluster.World.Add();
        _cluster.World.Sandboxes[id.Value].Files["/" + path] = Encoding.UTF8.GetBytes(content);
        return id;
    }

    private Task<HttpResponseMessage> SendAsync(SandboxId id, string operation, object body) => _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/fs/{operation}", JsonSerializer.Serialize(body));

    private async Task<HttpResponseMessage> UploadAsync(SandboxId id, byte[] archive, string type, string? encoding)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/sandboxes/{id}/fs/archive?path=/root/u") { Content = new ByteArrayContent(archive) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (encoding is not null) request.Content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        return await _cluster.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private async Task<IEnumerable<string?>> PathsAsync(SandboxId id, string query) =>
        (await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/files?path=/root/t{query}")).ReadJsonAsync()).GetProperty("files").EnumerateArray().Select(file => file.GetProperty("path").GetString());

    private static byte[] Compress(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionMode.Compress)) gzip.Write(bytes);
        return buffer.ToArray();
    }
}
