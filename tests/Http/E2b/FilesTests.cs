using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;

namespace Podflare.E2b;

/// <summary>Files of the dialect over HTTP.</summary>
public sealed class FilesTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_form_writes_several_files_with_their_folders()
    {
        var box = await _cluster.CreateAsync();
        using var form = new MultipartFormDataContent { { new ByteArrayContent([1]), "file", "dir/100%25.txt" }, { new StringContent("x"), "other" }, { new ByteArrayContent([2]), "file", "/tmp/ü.bin" } };

        var response = await box.SendAsync(E2bClient.Envd, "POST", "/files", Utf8(form), box.EnvdToken);

        var written = await response.AssertProblemFreeAsync();
        Assert.Equal(["/home/user/dir/100%25.txt", "/tmp/ü.bin"], written.EnumerateArray().Select(file => file.GetProperty("path").GetString()));
        Assert.Equal(("100%25.txt", "file"), (written[0].GetProperty("name").GetString(), written[0].GetProperty("type").GetString()));
        Assert.Equal([1], _cluster.World.Sandboxes[box.NativeId].Files["/home/user/dir/100%25.txt"]);
        Assert.Equal([2], _cluster.World.Sandboxes[box.NativeId].Files["/tmp/ü.bin"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_raw_body_may_be_compressed(bool compressed)
    {
        var box = await _cluster.CreateAsync();
        var bytes = Enumerable.Range(0, 300_000).Select(i => (byte)i).ToArray();

        var response = await box.SendAsync(E2bClient.Envd, "POST", "/files?path=big.bin&username=user", Raw(compressed ? Compress(bytes) : bytes, compressed), box.EnvdToken);
        var read = await box.SendAsync(E2bClient.Envd, "GET", "/files?path=/home/user/big.bin", null, box.EnvdToken);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(("application/octet-stream", bytes.Length), (read.Content.Headers.ContentType?.ToString(), (int)read.Content.Headers.ContentLength!));
        Assert.Equal(bytes, await read.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("gzip, identity;q=0", true)]
    [InlineData("deflate, gzip;q=0.5, *;q=0", true)]
    [InlineData("gzip, deflate", false)]
    [InlineData("gzip;q=0", false)]
    [InlineData("identity", false)]
    public async Task A_file_is_compressed_for_a_client_that_accepts_nothing_else(string accepted, bool isCompressed)
    {
        var box = await _cluster.CreateAsync();
        var bytes = Enumerable.Range(0, 300_000).Select(i => (byte)i).ToArray();
        _cluster.World.Sandboxes[box.NativeId].Files["/home/user/a"] = bytes;
        _cluster.World.Sandboxes[box.NativeId].Files["/home/user/empty"] = [];

        var response = await ReadAsync("a");

        Assert.Equal((200, isCompressed ? "gzip" : ""), ((int)response.StatusCode, string.Join(',', response.Content.Headers.ContentEncoding)));
        Assert.Equal(!isCompressed, response.Content.Headers.ContentLength == bytes.Length);
        var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var read = new MemoryStream();
        await (isCompressed ? new GZipStream(body, CompressionMode.Decompress) : body).CopyToAsync(read, TestContext.Current.CancellationToken);
        Assert.Equal(bytes, read.ToArray());
        Assert.Equal(0, (await ReadAsync("empty")).Content.Headers.ContentLength);
        await AssertAsync(404, await ReadAsync("nope"));
        Assert.Equal(206, (int)(await ReadAsync("a", ("Range", "bytes=0-9"))).StatusCode);

        Task<HttpResponseMessage> ReadAsync(string path, params (string Name, string Value)[] headers) =>
            box.SendAsync(E2bClient.Envd, "GET", $"/files?path={path}", null, box.EnvdToken, null, [("Accept-Encoding", accepted), .. headers]);
    }

    [Fact]
    public async Task The_service_of_a_sandbox_reports_its_use_and_its_variables()
    {
        var box = await _cluster.CreateAsync();

        var sample = await (await box.SendAsync(E2bClient.Envd, "GET", "/metrics", null, box.EnvdToken)).AssertProblemFreeAsync();

        Assert.Equal((1, 42, 512L << 20, 512), (sample.GetProperty("cpu_count").GetInt32(), sample.GetProperty("cpu_used_pct").GetDouble(), sample.GetProperty("mem_total").GetInt64(), sample.GetProperty("mem_total_mib").GetInt32()));
        // Nothing is printed in a scripted sandbox.
        Assert.Equal("{}", (await (await box.SendAsync(E2bClient.Envd, "GET", "/envs", null, box.EnvdToken)).AssertProblemFreeAsync()).ToString());
        Assert.Equal(401, (int)(await box.SendAsync(E2bClient.Envd, "GET", "/metrics")).StatusCode);
        Assert.Equal(401, (int)(await box.SendAsync(E2bClient.Envd, "GET", "/envs", null, null, box.TrafficToken)).StatusCode);
    }

    [Fact]
    public async Task What_is_wrong_is_told_as_E2B_does()
    {
        var box = await _cluster.CreateAsync();
        _cluster.World.Sandboxes[box.NativeId].Folders["/home/user/folder"] = 0x1ed;

        await AssertAsync(404, await box.SendAsync(E2bClient.Envd, "GET", "/files?path=nope", null, box.EnvdToken));
        await AssertAsync(401, await box.SendAsync(E2bClient.Envd, "GET", "/files?path=nope&username=bob", null, box.EnvdToken));
        await AssertAsync(400, await box.SendAsync(E2bClient.Envd, "POST", "/files", Raw([1], false), box.EnvdToken));
        await AssertAsync(400, await box.SendAsync(E2bClient.Envd, "POST", "/files?path=a", Raw([1, 2, 3], true), box.EnvdToken));
        await AssertAsync(400, await box.SendAsync(E2bClient.Envd, "POST", "/files?path=a", new StringContent("x"), box.EnvdToken));
        await AssertAsync(400, await box.SendAsync(E2bClient.Envd, "POST", "/files?path=folder", Raw([1], false), box.EnvdToken));
        await AssertAsync(404, await box.SendAsync(E2bClient.Envd, "POST", "/init", Replies.Json("{}"), box.EnvdToken));
    }

    private static async Task AssertAsync(int status, HttpResponseMessage response)
    {
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {await response.ReadTextAsync()}");
        Assert.Equal(status, (await response.ReadJsonAsync()).GetProperty("code").GetInt32());
    }

    // The clients write names as UTF-8, without the encoded form that this class adds.
    private static ByteArrayContent Utf8(MultipartFormDataContent form)
    {
        var mark = "b" + Guid.NewGuid().ToString("N");
        var body = new MemoryStream();
        foreach (var part in form)
        {
            var disposition = part.Headers.ContentDisposition!;
            var name = disposition.FileNameStar ?? disposition.FileName?.Trim('"');
            body.Write(Encoding.UTF8.GetBytes($"--{mark}\r\nContent-Disposition: form-data; name={disposition.Name}{(name is null ? "" : $"; filename=\"{name}\"")}\r\n\r\n"));
            part.ReadAsStream(TestContext.Current.CancellationToken).CopyTo(body);
            body.Write("\r\n"u8);
        }

        body.Write(Encoding.UTF8.GetBytes($"--{mark}--\r\n"));
        var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = MediaTypeHeaderValue.Parse($"multipart/form-data; boundary={mark}");
        return content;
    }

    private static ByteArrayContent Raw(byte[] bytes, bool compressed)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        if (compressed) content.Headers.ContentEncoding.Add("gzip");
        return content;
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionMode.Compress, leaveOpen: true)) gzip.Write(bytes);
        return buffer.ToArray();
    }
}
