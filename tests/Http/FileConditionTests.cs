using System.Text;
using Podflare.Sandboxes;
using Podflare.Scripted;

namespace Podflare;

/// <summary>Ranges, entity tags and conditions of files.</summary>
public sealed class FileConditionTests(SharedCluster shared)
{
    private const string Seconds = "Fri, 01 May 2026 12:00:00 GMT";
    private const string Before = "Fri, 01 May 2026 11:59:59 GMT";
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("bytes=0-3", "bytes 0-3/10", "0123")]
    [InlineData("bytes=2-2", "bytes 2-2/10", "2")]
    [InlineData("bytes=7-", "bytes 7-9/10", "789")]
    [InlineData("bytes=7-99", "bytes 7-9/10", "789")]
    [InlineData("bytes=-4", "bytes 6-9/10", "6789")]
    [InlineData("bytes=-99", "bytes 0-9/10", "0123456789")]
    [InlineData("bytes=9-9223372036854775807", "bytes 9-9/10", "9")]
    public async Task One_range_is_sent_as_a_part(string range, string contentRange, string content)
    {
        var response = await GetAsync(Add("0123456789"), ("Range", range));

        Assert.Equal((206, content, contentRange), ((int)response.StatusCode, await response.ReadTextAsync(), response.Content.Headers.ContentRange?.ToString()));
        Assert.Equal((content.Length, "bytes"), (response.Content.Headers.ContentLength, response.Header("Accept-Ranges")));
    }

    [Theory]
    [InlineData("bytes=0-1,3-4")]
    [InlineData("bytes=3-1")]
    [InlineData("bytes=x")]
    [InlineData("lines=0-1")]
    public async Task Several_ranges_and_those_that_are_not_valid_give_the_whole_file(string range)
    {
        var response = await GetAsync(Add("0123456789"), ("Range", range));

        Assert.Equal((200, "0123456789", null), ((int)response.StatusCode, await response.ReadTextAsync(), response.Content.Headers.ContentRange));
    }

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=99-100")]
    [InlineData("bytes=-0")]
    public async Task A_range_of_which_no_byte_exists_is_refused_with_the_size(string range)
    {
        var response = await GetAsync(Add("0123456789"), ("Range", range));

        await response.AssertProblemAsync(416, "range_not_satisfiable");
        Assert.Equal("bytes */10", response.Content.Headers.ContentRange?.ToString());
    }

    [Fact]
    public async Task A_file_without_a_size_has_no_ranges()
    {
        var id = _cluster.World.Add();
        _cluster.World.Sandboxes[id.Value].Files["/proc/version"] = "Linux"u8.ToArray();

        var response = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/files/proc/version", null, true, ("Range", "bytes=0-1"));

        Assert.Equal((200, "Linux", null), ((int)response.StatusCode, await response.ReadTextAsync(), response.Header("Accept-Ranges")));
    }

    [Theory]
    [InlineData("{tag}", 206)]
    [InlineData("W/{tag}", 200)]
    [InlineData("\"other\"", 200)]
    [InlineData(Seconds, 206)]
    [InlineData(Before, 200)]
    public async Task A_range_applies_to_the_file_that_the_client_has_begun(string condition, int status)
    {
        var response = await GetAsync(Add("0123456789"), ("Range", "bytes=0-1"), ("If-Range", Fill(condition)));

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("If-None-Match", "{tag}", 304)]
    [InlineData("If-None-Match", "W/{tag}, \"x\"", 304)]
    [InlineData("If-None-Match", "*", 304)]
    [InlineData("If-None-Match", "\"x\"", 200)]
    [InlineData("If-Modified-Since", Seconds, 304)]
    [InlineData("If-Modified-Since", Before, 200)]
    [InlineData("If-Modified-Since", "never", 200)]
    [InlineData("If-Match", "{tag}", 200)]
    [InlineData("If-Match", "*", 200)]
    [InlineData("If-Match", "W/{tag}", 412)]
    [InlineData("If-Match", "\"x\"", 412)]
    [InlineData("If-Unmodified-Since", Seconds, 200)]
    [InlineData("If-Unmodified-Since", Before, 412)]
    public async Task Conditions_hold_for_get_and_head(string header, string value, int status)
    {
        foreach (var method in new[] { "GET", "HEAD" })
        {
            var id = Add("0123456789");

            var response = await _cluster.Client.SendAsync(method, $"/v1/sandboxes/{id}/files/root/a.txt", null, true, (header, Fill(value)));

            Assert.Equal(status, (int)response.StatusCode);
            if (status != 412) Assert.Equal((Tag, Seconds), (response.Headers.ETag?.ToString(), response.Content.Headers.LastModified?.ToString("R") ?? response.Header("Last-Modified")));
            if (status != 200) Assert.Equal(0, _cluster.World.Sandboxes[id.Value].Reads);
            if (status == 304) Assert.Empty(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task If_none_match_counts_more_than_a_date()
    {
        var response = await GetAsync(Add("0123456789"), ("If-None-Match", "\"x\""), ("If-Modified-Since", Seconds));

        Assert.Equal(200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("If-Match", "x")]
    [InlineData("If-None-Match", "")]
    public async Task A_condition_that_is_not_valid_is_named(string header, string value)
    {
        var id = Add("0123456789");

        using var response = await RawHttp.SendAsync(_cluster, $"GET /v1/sandboxes/{id}/files/root/a.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Cluster.Key}\r\n{header}: {value}\r\n\r\n");

        Assert.True((await response.AssertProblemAsync(400, "invalid_request")).GetProperty("errors").TryGetProperty(header, out _));
    }

    [Fact]
    public async Task A_write_answers_with_the_tag_of_what_was_written()
    {
        var id = Add("old");

        var response = await PutAsync(id, "0123456789");

        Assert.Equal((204, Tag), ((int)response.StatusCode, response.Headers.ETag?.ToString()));
    }

    [Theory]
    [InlineData("If-Match", "{tag}", true, 204)]
    [InlineData("If-Match", "*", true, 204)]
    [InlineData("If-Match", "\"x\", \"y\"", true, 412)]
    [InlineData("If-Match", "W/{tag}", true, 412)]
    [InlineData("If-Match", "*", false, 412)]
    [InlineData("If-None-Match", "*", false, 204)]
    [InlineData("If-None-Match", "*", true, 412)]
    public async Task A_write_holds_its_conditions(string header, string value, bool exists, int status)
    {
        var id = exists ? Add("0123456789") : _cluster.World.Add();

        var response = await PutAsync(id, "new", (header, Fill(value)));

        Assert.Equal(status, (int)response.StatusCode);
        if (status == 412) await response.AssertProblemAsync(412, "precondition_failed");
        Assert.Equal(status == 204 ? "new" : exists ? "0123456789" : null, Content(id));
    }

    [Fact]
    public async Task Of_several_writers_that_must_be_first_one_wins()
    {
        var id = _cluster.World.Add();
        _cluster.World.Sandboxes[id.Value].BeforePublish = id.Value;

        var writing = Enumerable.Range(0, 4).Select(i => PutAsync(id, $"{i}", ("If-None-Match", "*"))).ToArray();
        _cluster.World.Gate(id.Value).SetResult();
        var responses = await Task.WhenAll(writing);

        Assert.Equal([204, 412, 412, 412], responses.Select(response => (int)response.StatusCode).Order());
    }

    [Theory]
    [InlineData("PUT", "If-None-Match", "\"x\"")]
    [InlineData("PUT", "If-Unmodified-Since", Seconds)]
    [InlineData("DELETE", "If-Modified-Since", Seconds)]
    [InlineData("DELETE", "If-Match", "x")]
    public async Task A_condition_that_cannot_be_kept_is_not_ignored(string method, string header, string value)
    {
        var id = Add("0123456789");

        var response = await _cluster.Client.SendAsync(method, $"/v1/sandboxes/{id}/files/root/a.txt", null, true, (header, value));

        Assert.True((await response.AssertProblemAsync(400, "invalid_request")).GetProperty("errors").TryGetProperty(header, out _));
        Assert.Equal("0123456789", Content(id));
    }

    [Theory]
    [InlineData("\"x\"", 412)]
    [InlineData("{tag}", 204)]
    public async Task A_delete_holds_its_conditions(string tag, int status)
    {
        var id = Add("0123456789");

        Assert.Equal(status, (int)(await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}/files/root/a.txt", null, true, ("If-Match", Fill(tag)))).StatusCode);
    }

    [Fact]
    public async Task An_older_sandbox_serves_whole_files_and_refuses_what_it_cannot_keep()
    {
        var id = Add("0123456789");
        _cluster.World.Sandboxes[id.Value].IsOld = true;

        Assert.Equal(200, (int)(await GetAsync(id, ("Range", "bytes=0-1"))).StatusCode);
        await (await GetAsync(id, ("If-Match", Tag))).AssertProblemAsync(501, "not_offered");
        var written = await PutAsync(id, "new");
        Assert.Equal((204, null), ((int)written.StatusCode, written.Headers.ETag));
        await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/fs/stat?path=/root/a.txt")).AssertProblemAsync(501, "not_offered");
        Assert.Equal(204, (int)(await _cluster.Client.SendAsync("DELETE", $"/v1/sandboxes/{id}/files/root/a.txt")).StatusCode);
    }

    private static string Tag => $"\"{ScriptedFiles.TagOf("0123456789"u8.ToArray())}\"";

    private static string Fill(string value) => value.Replace("{tag}", Tag, StringComparison.Ordinal);

    private SandboxId Add(string content)
    {
        var id = _cluster.World.Add();
        _cluster.World.Sandboxes[id.Value].Files["/root/a.txt"] = Encoding.UTF8.GetBytes(content);
        return id;
    }

    private string? Content(SandboxId id) => _cluster.World.Sandboxes[id.Value].Files.TryGetValue("/root/a.txt", out var bytes) ? Encoding.UTF8.GetString(bytes) : null;

    private Task<HttpResponseMessage> GetAsync(SandboxId id, params (string Name, string Value)[] headers) => _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/files/root/a.txt", null, true, headers);

    private async Task<HttpResponseMessage> PutAsync(SandboxId id, string content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/v1/sandboxes/{id}/files/root/a.txt") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content)) };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await _cluster.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
