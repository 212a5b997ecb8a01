using System.Formats.Tar;
using System.Net;
using System.Text;

namespace Podflare.NetSdk.Scripted;

/// <summary>Operations on files and directories, and archives that a sandbox sends.</summary>
public sealed class DirectoryTests
{
    private const string Entry = """{"path":"/root/a b","name":"a b","type":"symlink","size":3,"mode":"0644","owner":"user","group":"user","target":"x","modified_at":"2026-11-29T10:00:00Z","etag":"\"e\""}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("pf-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_operation_has_its_route()
    {
        var server = new ScriptedServer().Json(Entry).Json(Entry).Json("{}", times: 3).Then(() => new HttpResponseMessage(HttpStatusCode.NoContent)).Json($$"""{"files":[{{Entry}}]}""").Refuse(404, "file_not_found");
        var files = server.Attach().Files;
        var info = await files.StatAsync("a b", followLink: true, Cancellation);
        Assert.Equal(("/root/a b", "0644", "user", "x", "\"e\"", SandboxFileType.Symlink), (info.Path, info.Mode, info.Owner, info.Target, info.ETag, info.Type));
        Assert.True(await files.ExistsAsync("a b", Cancellation));
        await files.CreateDirectoryAsync("d", cancellationToken: Cancellation);
        await files.MoveAsync("a", "/tmp/b", overwrite: false, Cancellation);
        await files.CopyAsync("a", "b", cancellationToken: Cancellation);
        await files.DeleteDirectoryAsync("d", recursive: true, Cancellation);
        await foreach (var entry in files.ListTreeAsync("/root", depth: 3, Cancellation)) Assert.Equal("a b", entry.Name);
        Assert.False(await files.ExistsAsync("none", Cancellation));
        string[] expected =
        [
            "GET fs/stat?path=%2Froot%2Fa%20b&follow=true ",
            "GET fs/stat?path=%2Froot%2Fa%20b ",
            """POST fs/mkdir {"path":"/root/d","parents":true}""",
            """POST fs/move {"from":"/root/a","to":"/tmp/b","overwrite":false,"parents":true}""",
            """POST fs/copy {"from":"/root/a","to":"/root/b","overwrite":true,"parents":true,"recursive":true}""",
            "DELETE files/root/d?recursive=true ",
            "GET files?path=%2Froot&depth=3 ",
            "GET fs/stat?path=%2Froot%2Fnone ",
        ];
        Assert.Equal(expected, server.Requests.Select(request => $"{request.Method} {request.Path["/v1/sandboxes/sbx_1/".Length..]}{request.Query} {request.Body}"));
    }

    [Fact]
    public async Task A_directory_is_sent_as_an_archive_of_its_content()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "sub"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "sub", "é.txt"), "hello", Cancellation);
        File.CreateSymbolicLink(Path.Combine(_folder, "link"), "sub/é.txt");
        var archive = new ArchiveRecorder();
        using var client = new PodflareClient(new HttpClient(archive), new PodflareClientOptions { BaseAddress = new Uri("http://scripted") }, null);
        var summary = await client.Attach("sbx_1").Files.UploadDirectoryAsync(_folder, "/root/d", Cancellation);
        Assert.Equal((2, 1, 5), (summary.Files, summary.Directories, summary.Bytes));
        Assert.Equal(["POST /v1/sandboxes/sbx_1/fs/mkdir", "POST /v1/sandboxes/sbx_1/fs/archive?path=%2Froot%2Fd"], archive.Requests);
        Assert.Equal("application/x-tar", archive.MediaType);
        Assert.Equal(["link -> sub/é.txt", "sub/", "sub/é.txt = hello"], archive.Entries.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_archive_is_unpacked_without_the_name_of_its_directory()
    {
        var result = await DownloadAsync(
            ("d/", TarEntryType.Directory, ""), ("d/sub/", TarEntryType.Directory, ""), ("d/sub/a.txt", TarEntryType.RegularFile, "hello"),
            ("d/inside", TarEntryType.SymbolicLink, "sub/a.txt"), ("d/outside", TarEntryType.SymbolicLink, "/etc/passwd"), ("d/sub/up", TarEntryType.SymbolicLink, "../../x"),
            ("d/sub/root", TarEntryType.SymbolicLink, ".."), ("d/sub/trick", TarEntryType.SymbolicLink, "root/../x"));
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(_folder, "sub", "a.txt"), Cancellation));
        Assert.Equal("sub/a.txt", new FileInfo(Path.Combine(_folder, "inside")).LinkTarget);
        Assert.Equal((3, 1, 5), (result.Files, result.Directories, result.Bytes));
        Assert.Equal(["outside", "sub/up", "sub/trick"], result.SkippedLinks);
        Assert.False(Path.Exists(Path.Combine(_folder, "outside")));
    }

    [Theory]
    [InlineData("d/../evil")]
    [InlineData("../d/evil")]
    [InlineData("d/./evil")]
    public async Task A_name_that_leads_out_is_refused(string name)
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => DownloadAsync((name, TarEntryType.RegularFile, "x")));
        Assert.False(Path.Exists(Path.Combine(Path.GetDirectoryName(_folder)!, "evil")));
    }

    [Theory]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.HardLink)]
    public async Task What_is_neither_file_nor_directory_nor_link_is_refused(TarEntryType type) =>
        await Assert.ThrowsAsync<InvalidDataException>(() => DownloadAsync(("d/a", TarEntryType.RegularFile, "x"), ("d/b", type, "d/a")));

    [Fact]
    public async Task Nothing_is_written_through_a_link()
    {
        var elsewhere = Directory.CreateTempSubdirectory("pf-").FullName;
        // The link comes first in the archive, and is there already at the second download.
        await DownloadAsync(("d/l", TarEntryType.SymbolicLink, elsewhere), ("d/l/evil", TarEntryType.RegularFile, "x"));
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
        Directory.Delete(Path.Combine(_folder, "l"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(_folder, "l"), elsewhere);
        await Assert.ThrowsAsync<InvalidDataException>(() => DownloadAsync(("d/l/evil", TarEntryType.RegularFile, "x")));
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
        // A file in the place of a link replaces the link, not its target.
        File.CreateSymbolicLink(Path.Combine(_folder, "f"), Path.Combine(elsewhere, "target"));
        await DownloadAsync(("d/f", TarEntryType.RegularFile, "x"));
        Assert.Null(new FileInfo(Path.Combine(_folder, "f")).LinkTarget);
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
    }

    [Fact]
    public async Task A_watch_reports_changes_and_is_interrupted_when_its_reader_leaves()
    {
        var server = new ScriptedServer()
            .Stream("""{"type":"start","data":0,"seq":1,"ts":1}""" + "\n" + """{"type":"file","data":{"path":"/root/a","change":"create","kind":"file"},"seq":2,"ts":1}""" + "\n", breaks: false)
            .Then(() => new HttpResponseMessage(HttpStatusCode.Accepted));
        await foreach (var change in server.Attach().Files.WatchAsync("/root", recursive: true, Cancellation))
        {
            Assert.Equal(("/root/a", FileChange.Create), (change.Path, change.Change));
            break;
        }

        Assert.Equal("""{"watch":{"path":"/root","recursive":true},"on_disconnect":"interrupt"}""", server.Requests[0].Body);
        Assert.EndsWith("/runs/run_1/interrupt", server.Requests[1].Path, StringComparison.Ordinal);
    }

    private async Task<DirectoryDownload> DownloadAsync(params (string Name, TarEntryType Type, string Content)[] entries)
    {
        var memory = new MemoryStream();
        await using (var tar = new TarWriter(memory, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (name, type, content) in entries)
            {
                var entry = new PaxTarEntry(type, name);
                if (type is TarEntryType.RegularFile) entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
                if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink) entry.LinkName = content;
                await tar.WriteEntryAsync(entry, Cancellation);
            }
        }

        var server = new ScriptedServer().Then(() => new HttpResponseMessage { Content = new ByteArrayContent(memory.ToArray()) });
        return await server.Attach().Files.DownloadDirectoryAsync("d", _folder, Cancellation);
    }

    private sealed class ArchiveRecorder : HttpMessageHandler
    {
        public List<string> Requests { get; } = [];

        public List<string> Entries { get; } = [];

        public string? MediaType { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
            MediaType = request.Content!.Headers.ContentType?.MediaType;
            if (MediaType != "application/x-tar") return new HttpResponseMessage { Content = new StringContent("{}") };
            await using var tar = new TarReader(new MemoryStream(await request.Content.ReadAsByteArrayAsync(cancellationToken)));
            while (await tar.GetNextEntryAsync(copyData: true, cancellationToken) is { } entry)
            {
                using var reader = entry.DataStream is { } data ? new StreamReader(data) : null;
                Entries.Add(entry.EntryType switch
                {
                    TarEntryType.SymbolicLink => $"{entry.Name} -> {entry.LinkName}",
                    TarEntryType.Directory => $"{entry.Name.TrimEnd('/')}/",
                    _ => $"{entry.Name} = {reader?.ReadToEnd()}",
                });
            }

            return new HttpResponseMessage { Content = new StringContent("""{"files":2,"directories":1,"bytes":5}""") };
        }
    }
}
