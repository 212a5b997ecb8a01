using System.Text;

namespace Podflare;

public sealed class FileTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task The_longest_legal_path_is_reachable_when_every_byte_is_escaped()
    {
        var name = new string('\u00e9', 127);
        var path = "/" + string.Join('/', Enumerable.Repeat(name, 15)) + "/" + new string('\u00e9', 127);
        Assert.InRange(Encoding.UTF8.GetByteCount(path), 4_000, 4_095);
        var files = $"/v1/sandboxes/{_cluster.World.Add()}/files";
        var escaped = string.Concat(Encoding.UTF8.GetBytes(path).Select(b => b == '/' ? "/" : $"%{b:X2}"));
        using var content = new StringContent("hello");

        Assert.Equal(204, (int)(await _cluster.Client.PutAsync(files + escaped, content, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal("hello", await (await _cluster.Client.SendAsync("GET", files + escaped)).ReadTextAsync());
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("DELETE", files + escaped)).StatusCode);
        await (await _cluster.Client.SendAsync("GET", $"{files}?path={escaped.Replace("/", "%2F", StringComparison.Ordinal)}")).AssertProblemAsync(404, "file_not_found");
    }

    [Theory]
    [InlineData("GET", "/root/none.txt", 404, "file_not_found", "file not found: /root/none.txt")]
    [InlineData("DELETE", "/root/none.txt", 404, "file_not_found", "file not found: /root/none.txt")]
    [InlineData("GET", "?path=/root/none", 404, "file_not_found", "file not found: /root/none")]
    [InlineData("GET", "/root/folder", 409, "not_a_file", "/root/folder is a directory, not a file")]
    [InlineData("PUT", "/root/folder", 409, "not_a_file", "/root/folder is a directory, not a file")]
    [InlineData("GET", "/etc/shadow", 403, "file_access_denied", "the sandbox's user does not have permission to access /etc/shadow")]
    [InlineData("GET", "/root/../x", 400, "invalid_request", "invalid request: path must not contain the segments '.' or '..'")]
    public async Task A_refusal_is_one_sentence_that_names_the_path(string method, string path, int status, string code, string error)
    {
        var sandbox = _cluster.World.Add();
        _cluster.World.Sandboxes[sandbox.Value].Files["/root/folder/a.txt"] = [];

        using var response = await RawHttp.SendAsync(_cluster, $"{method} /v1/sandboxes/{sandbox}/files{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Cluster.Key}\r\nContent-Length: 0\r\n\r\n");

        var problem = await response.AssertProblemAsync(status, code);
        Assert.Equal(error, problem.GetProperty("error").GetString());
        Assert.Equal(status == 400, problem.TryGetProperty("errors", out _));
    }

    [Fact]
    public async Task Head_of_a_file_has_its_length_and_moves_no_byte()
    {
        var sandbox = _cluster.World.Add();
        _cluster.World.Sandboxes[sandbox.Value].Files["/root/a.txt"] = "hello"u8.ToArray();

        using var head = await _cluster.Client.SendAsync("HEAD", $"/v1/sandboxes/{sandbox}/files/root/a.txt");

        Assert.Equal((200, 5, "application/octet-stream"), ((int)head.StatusCode, head.Content.Headers.ContentLength, head.Content.Headers.ContentType?.ToString()));
    }
}
