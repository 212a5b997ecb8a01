using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text;

namespace Podflare;

public sealed class BodyTests(SharedCluster shared)
{
    private const int Limit = 32 * 1024 * 1024;
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("POST", "/v1/sandboxes", false)]
    [InlineData("POST", "/v1/sandboxes", true)]
    [InlineData("POST", "/v1/sandboxes/{id}/exec", false)]
    [InlineData("POST", "/v1/sandboxes/{id}/exec", true)]
    [InlineData("DELETE", "/v1/sandboxes/{id}", false)]
    [InlineData("POST", "/v1/sandboxes/{id}/runs/run_00000000000000000000000000000000/interrupt", false)]
    [InlineData("POST", "/compat/podflare/v1/sandboxes/{id}/exec", false)]
    public async Task A_client_that_sends_a_body_over_the_limit_reads_413(string method, string path, bool chunked)
    {
        using var request = new HttpRequestMessage(new(method), path.Replace("{id}", _cluster.World.Add().Value, StringComparison.Ordinal)) { Content = new ByteArrayContent(new byte[Limit + 8 * 1024 * 1024]) };
        request.Headers.TransferEncodingChunked = chunked;
        request.Content.Headers.ContentType = new("application/json");

        using var response = await _cluster.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var problem = await response.AssertProblemAsync(413, "code_too_large");
        Assert.Contains("33554432 bytes", problem.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/sandboxes", "wrong", 401)]
    [InlineData("/v1/sandboxes/sbx_1/exec", Cluster.Key, 404)]
    [InlineData("/v1/nothing", Cluster.Key, 404)]
    [InlineData("/livez", Cluster.Key, 405)]
    public async Task Any_refusal_reaches_a_client_that_is_still_sending(string path, string key, int status)
    {
        using var client = _cluster.ClientOf(key);
        using var content = new ByteArrayContent(new byte[Limit]);

        using var response = await client.PostAsync(path, content, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Expect:")]
    [InlineData("Expect: 100-continue")]
    public async Task Curl_shows_413(string header)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, new byte[Limit + 1], TestContext.Current.CancellationToken);

        var shown = await RunAsync("curl", ["-sS", "-H", $"Authorization: Bearer {Cluster.Key}", "-H", "Content-Type: application/json", .. header.Length > 0 ? new[] { "-H", header } : [], "--data-binary", $"@{file}", new Uri(_cluster.Address, "/v1/sandboxes").ToString()]);

        File.Delete(file);
        Assert.Contains("\"code\":\"code_too_large\"", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Python_shows_413_when_it_sends_everything_before_it_reads()
    {
        var script = $$"""
            import http.client
            c = http.client.HTTPConnection("127.0.0.1", {{_cluster.Address.Port}}, timeout=20)
            c.request("POST", "/v1/sandboxes", body=b"x" * {{Limit + 16 * 1024 * 1024}}, headers={"Authorization": "Bearer {{Cluster.Key}}"})
            r = c.getresponse()
            print(r.status, r.read())
            """;

        var shown = await RunAsync("python3", ["-c", script]);

        Assert.StartsWith("413 ", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/v1/sandboxes", "gzip")]
    [InlineData("POST", "/v1/sandboxes/{id}/exec", "br")]
    [InlineData("PUT", "/v1/sandboxes/{id}/files/root/a.txt", "gzip")]
    [InlineData("PUT", "/v1/sandboxes/{id}/files/root/a.txt", "identity, deflate")]
    public async Task A_content_encoding_is_refused_and_named(string method, string path, string encoding)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) await gzip.WriteAsync("{}"u8.ToArray(), TestContext.Current.CancellationToken);
        using var request = new HttpRequestMessage(new(method), path.Replace("{id}", _cluster.World.Add().Value, StringComparison.Ordinal)) { Content = new ByteArrayContent(packed.ToArray()) };
        request.Content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);

        using var response = await _cluster.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var problem = await response.AssertProblemAsync(415, "unsupported_encoding");
        Assert.Contains($"'{encoding.Split(", ")[^1]}'", problem.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal("identity", response.Header("Accept-Encoding"));
    }

    [Fact]
    public async Task Identity_is_no_encoding()
    {
        using var content = new StringContent("{}", Encoding.UTF8, "application/json");
        content.Headers.ContentEncoding.Add("identity");

        using var response = await _cluster.Client.PostAsync("/v1/sandboxes", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var shown = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return shown + await errors;
    }
}
