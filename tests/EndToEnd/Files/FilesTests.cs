using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd.Files;

/// <summary>The files API on real sandboxes: what goes in comes out, whole or not at all, and nobody gets at more than the sandbox's user may.</summary>
public sealed class FilesTests(EmbeddedService service)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_uploaded_the_code_sees_and_what_the_code_writes_is_downloaded()
    {
        var sandbox = await service.Api.CreateAsync();
        var files = new FilesApi(service.Api, sandbox);
        Assert.Equal(HttpStatusCode.NoContent, (await files.PutAsync("/root/new/data%20%C3%A9.csv", "a,b\n1,2\n")).Status);
        Assert.Equal("a,b\n1,2\n", (await service.Api.RunAsync(sandbox, "print(open('/root/new/data é.csv').read(), end='')")).Stdout);
        await service.Api.RunAsync(sandbox, "open('/root/out', 'wb').write(bytes(range(256)) * 9000); open('/tmp/empty', 'w').close()");
        var bytes = await service.Api.Http.GetByteArrayAsync(files.Address("/root/out"), Cancelled);
        Assert.Equal(Enumerable.Range(0, 256 * 9000).Select(i => (byte)i), bytes);
        Assert.Equal("", (await files.GetAsync("/tmp/empty")).Text);
        Assert.Contains("MemTotal", (await files.GetAsync("/proc/meminfo")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await files.DeleteAsync("/root/out")).Status);
        Assert.Equal("file_not_found", (await files.GetAsync("/root/out")).Code);
        await service.Api.DeleteAsync(sandbox);
        Assert.Equal("sandbox_ended", (await files.GetAsync("/tmp/empty")).Code);
    }

    [Fact]
    public async Task A_folder_is_listed_in_pages_and_a_name_that_is_no_UTF8_comes_as_base64()
    {
        var sandbox = await service.Api.CreateAsync();
        var files = new FilesApi(service.Api, sandbox);
        await files.PutAsync("/root/x/%FF", "odd");
        await files.PutAsync("/root/x/%E2%80%A8", "line separator");
        await service.Api.RunAsync(sandbox, "import os\nos.mkdir('/root/x/d'); os.symlink('d', '/root/x/l'); os.mkfifo('/root/x/p')");
        var (found, cursor) = (new List<JsonElement>(), "");
        do
        {
            var page = await files.ListAsync($"?path=/root/x&limit=2&cursor={cursor}");
            found.AddRange(page.GetProperty("files").EnumerateArray());
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(["directory d", "symlink l", "other p", "file \u2028", "file /w=="], found.Select(Describe));
        Assert.Equal(3, found[4].GetProperty("size").GetInt64());
        Assert.InRange(found[4].GetProperty("modified_at").GetDateTimeOffset(), DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.MaxValue);
        Assert.Equal("odd", (await files.GetAsync("/root/x/%FF")).Text);
        Assert.Equal(["x"], await files.NamesAsync("/root"));
        await service.Api.DeleteAsync(sandbox);

        static string Describe(JsonElement file) =>
            $"{file.GetProperty("type").GetString()} {(file.TryGetProperty("name", out var name) ? name : file.GetProperty("name_b64")).GetString()}";
    }

    [Fact]
    public async Task Every_refusal_says_what_is_wrong_with_which_field()
    {
        var sandbox = await service.Api.CreateAsync();
        var files = new FilesApi(service.Api, sandbox);
        await service.Api.RunAsync(
            sandbox,
            "import os, socket\nos.makedirs('full/x'); os.symlink('/etc/shadow', 'secret'); os.symlink('/podflare/guest/main.py', 'guest'); os.mkfifo('pipe')\n"
            + "socket.socket(socket.AF_UNIX).bind('socket'); open('file', 'w').close(); open('locked', 'w').close(); os.chmod('locked', 0)");
        var cases = new (string Path, HttpStatusCode Status, string Code)[]
        {
            ("/root/nothing", HttpStatusCode.NotFound, "file_not_found"),
            ("/root/file/x", HttpStatusCode.NotFound, "file_not_found"),
            ("/root", HttpStatusCode.Conflict, "not_a_file"),
            ("/root/pipe", HttpStatusCode.Conflict, "not_a_file"),
            ("/root/socket", HttpStatusCode.Conflict, "not_a_file"),
            ("/dev/zero", HttpStatusCode.Conflict, "not_a_file"),
            ("/root/locked", HttpStatusCode.Forbidden, "file_access_denied"),
            ("/proc/1/environ", HttpStatusCode.Forbidden, "file_access_denied"),
            ("/podflare/s/s", HttpStatusCode.Forbidden, "file_access_denied"),
            ("/%2e%2e%2fetc/passwd", HttpStatusCode.BadRequest, "invalid_request"),
            ($"/root/{new string('x', 256)}", HttpStatusCode.BadRequest, "invalid_request"),
            ("?path=root", HttpStatusCode.BadRequest, "invalid_request"),
            ("?path=/root/file", HttpStatusCode.Conflict, "not_a_directory"),
            ("?path=/root/../etc", HttpStatusCode.BadRequest, "invalid_request"),
            ("?path=/nothing", HttpStatusCode.NotFound, "file_not_found"),
        };
        foreach (var (path, status, code) in cases) AssertRefused(await files.GetAsync(path), status, code, path);
        foreach (var query in new[] { "limit=0", "limit=x", "limit=1001", "cursor=!" })
            Assert.True((await files.GetAsync($"?{query}")).Json.GetProperty("errors").TryGetProperty(query.Split('=')[0], out _), query);

        var writes = new (string Path, HttpStatusCode Status, string Code)[]
        {
            ("/root/secret", HttpStatusCode.Forbidden, "file_access_denied"),
            ("/root/guest", HttpStatusCode.Forbidden, "file_access_denied"),
            ("/etc/passwd", HttpStatusCode.Forbidden, "file_access_denied"),
            ("/new", HttpStatusCode.Forbidden, "file_access_denied"),
            ("/root/file/x", HttpStatusCode.Conflict, "not_a_directory"),
            ("/root", HttpStatusCode.Conflict, "not_a_file"),
            ("/root/pipe", HttpStatusCode.Conflict, "not_a_file"),
            ("/dev/null", HttpStatusCode.Conflict, "not_a_file"),
        };
        foreach (var (path, status, code) in writes) AssertRefused(await files.PutAsync(path, "x"), status, code, path);
        AssertRefused(await files.DeleteAsync("/root"), HttpStatusCode.Forbidden, "file_access_denied", "DELETE /root");
        AssertRefused(await files.DeleteAsync("/root/full"), HttpStatusCode.Conflict, "directory_not_empty", "DELETE /root/full");
        AssertRefused(await files.DeleteAsync("/etc/passwd"), HttpStatusCode.Forbidden, "file_access_denied", "DELETE /etc/passwd");
        using var answer = await service.Api.Http.GetAsync($"/v1/sandboxes/sbx_{new string('0', 32)}/files/root/x", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        using var compat = await service.Api.Http.GetAsync($"/compat/podflare{files.Address("")}", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, compat.StatusCode);
        await service.Api.DeleteAsync(sandbox);
    }

    [Fact]
    public async Task What_does_not_fit_gets_507_and_leaves_the_old_file_and_the_programs()
    {
        var sandbox = await service.Api.CreateAsync();
        var files = new FilesApi(service.Api, sandbox);
        await files.PutAsync("/root/file", "old");
        await service.Api.RunAsync(sandbox, "x = 1; import os\nwith open('/root/fill', 'wb') as f: os.posix_fallocate(f.fileno(), 0, 240 << 20)");
        foreach (var announced in new[] { true, false })
        {
            var answer = await files.PutAsync("/root/file", new SteppedContent(30, announced: announced));
            Assert.Equal((HttpStatusCode.InsufficientStorage, "disk_full"), (answer.Status, answer.Code));
            Assert.Equal("old", (await files.GetAsync("/root/file")).Text);
            Assert.Equal(["file", "fill"], await files.NamesAsync("/root"));
        }

        // The disk has room, the memory in which it lies has not: without a look at it the kernel would kill the largest program.
        await service.Api.RunAsync(sandbox, "os.truncate('/root/fill', 0); hog = bytearray(330 << 20)");
        foreach (var announced in new[] { true, false })
            Assert.Equal("disk_full", (await files.PutAsync("/root/file", new SteppedContent(180, announced: announced))).Code);
        Assert.Equal("old 1\n", (await service.Api.RunAsync(sandbox, "print(open('/root/file').read(), x)")).Stdout);
        await service.Api.DeleteAsync(sandbox);
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_leaves_nothing_behind()
    {
        var sandbox = await service.Api.CreateAsync();
        var files = new FilesApi(service.Api, sandbox);
        await files.PutAsync("/root/file", "old");
        // More often than there may be transfers at a time: each must have been given back.
        for (var i = 0; i < 12; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(service.Api.Address.Host, service.Api.Address.Port, Cancelled);
            var head = $"PUT {files.Address("/root/file")} HTTP/1.1\r\nHost: localhost\r\n{(i % 2 == 0 ? "Content-Length: 9000000" : "Transfer-Encoding: chunked")}\r\n\r\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(i % 2 == 0 ? head : $"{head}2DC6C0\r\n"), Cancelled);
            await client.GetStream().WriteAsync(new byte[3_000_000], Cancelled);
            if (i % 3 != 0) continue;
            await Until.TrueAsync(async () => await OpenTransfersAsync(sandbox) > 0, TimeSpan.FromSeconds(20), "the transfer is open");
            client.Client.Close(0);
        }

        await Until.TrueAsync(async () => await OpenTransfersAsync(sandbox) == 0, TimeSpan.FromSeconds(20), "the transfers are gone");
        Assert.Empty(service.Faults);
        Assert.Equal("old", (await files.GetAsync("/root/file")).Text);
        Assert.Equal(["file"], await files.NamesAsync("/root"));
        Assert.Equal("old\n", (await service.Api.RunAsync(sandbox, "import os; print(open('file').read()); assert os.statvfs('/root').f_bavail * 4096 > 255 << 20")).Stdout);
        await service.Api.DeleteAsync(sandbox);
    }

    [Fact]
    public async Task The_end_of_a_sandbox_ends_its_transfers_with_a_clear_answer()
    {
        var sandbox = await service.Api.CreateAsync();
        var files = new FilesApi(service.Api, sandbox);
        await files.PutAsync("/root/file", new SteppedContent(100));
        var content = new SteppedContent(40, pauseAfter: 10);
        var uploading = files.PutAsync("/root/other", content);
        using var downloading = await service.Api.Http.GetAsync(files.Address("/root/file"), HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await content.Paused;
        await service.Api.DeleteAsync(sandbox);
        content.GoOn();
        var answer = await uploading;
        Assert.Equal((HttpStatusCode.Gone, "sandbox_ended"), (answer.Status, answer.Code));
        // Cut, never ended as if it were whole.
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => downloading.Content.ReadAsByteArrayAsync(Cancelled));
    }

    [Fact]
    public async Task A_sandbox_with_a_file_on_its_way_is_not_idle_and_its_runs_go_on()
    {
        var sandbox = await service.Api.CreateAsync(new { idle_timeout_seconds = 2 });
        var files = new FilesApi(service.Api, sandbox);
        var content = new SteppedContent(4, pauseAfter: 2);
        var uploading = files.PutAsync("/root/file", content);
        await content.Paused;
        // As long as three idle limits, without a run of ours that would count itself.
        using var wait = new PeriodicTimer(TimeSpan.FromSeconds(6));
        await wait.WaitForNextTickAsync(Cancelled);
        content.GoOn();
        Assert.Equal(HttpStatusCode.NoContent, (await uploading).Status);
        Assert.Equal("4000000\n", (await service.Api.RunAsync(sandbox, "import os; print(os.path.getsize('file'))")).Stdout);
        await service.Api.DeleteAsync(sandbox);
    }

    // Each has a process of the sandbox's user, beside the REPL.
    private static async Task<int> OpenTransfersAsync(string sandbox)
    {
        var output = await Engine.ExecAsync(sandbox, "for p in /proc/[0-9]*; do n=${p#/proc/}; [ $n != 1 ] && grep -q main[.]py $p/cmdline 2>/dev/null && echo $n; done; true");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
    }

    private static void AssertRefused(Answer answer, HttpStatusCode status, string code, string what)
    {
        Assert.True((status, code) == (answer.Status, answer.Code), $"{what}: {answer.Text}");
        // A field is wrong only in a request that is not valid; else the sentence itself names the path.
        Assert.Equal(status == HttpStatusCode.BadRequest, answer.Json.TryGetProperty("errors", out var errors) && errors.TryGetProperty("path", out _));
        Assert.Equal("application/problem+json", answer.Type?.MediaType);
    }
}
