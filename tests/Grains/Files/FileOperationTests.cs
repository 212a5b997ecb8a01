using System.Text;
using Podflare.Harness;

namespace Podflare.Files;

/// <summary>File operations of the second version of the guest protocol, against a guest that answers as it is told.</summary>
public sealed class FileOperationTests
{
    private const string Entry = """{"name":"YQ==","type":"file","size":7,"mode":"0640","owner":"user","group":"1000","modified_ms":5000,"etag":"1-7-a"}""";

    private static readonly FilePath Path = new("/root/a"u8.ToArray());
    private static readonly FilePath Target = new("/root/b"u8.ToArray());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_entry_has_all_that_the_guest_knows_of_it()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.FileAnswer = $$"""{"etag":"1-7-a","entry":{{Entry}}}""";

        var entry = await sandbox.Files.Stat(GrainCluster.Tenant, Path, followLinks: true, Cancel);

        Assert.Equal("a", Encoding.UTF8.GetString(entry.Name));
        Assert.Equal("/root/a", Encoding.UTF8.GetString(entry.Path!));
        Assert.Equal((FileKind.File, 7L, 416, "user", "1000", "1-7-a"), (entry.Kind, entry.Size, entry.Mode, entry.Owner, entry.Group, entry.ETag));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(5_000), entry.ModifiedAt);
        Assert.Equal("""{"do":"stat","path":"L3Jvb3QvYQ==","size":null,"after":"","limit":null,"follow":true}""", sandbox.Guest.FileTasks[0]);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{\"size\":7}")]
    [InlineData("{\"name\":null,\"type\":\"file\"}")]
    public async Task An_entry_that_is_none_is_a_lost_transfer(string entry)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.FileAnswer = $$"""{"files":[{{entry}}],"next":null,"entry":{{entry}}}""";

        await Assert.ThrowsAsync<FileTransferLostException>(() => sandbox.Files.Stat(GrainCluster.Tenant, Path, followLinks: true, Cancel));
        await Assert.ThrowsAsync<FileTransferLostException>(() => sandbox.Files.List(GrainCluster.Tenant, Path, null, 10, Cancel));
        await Assert.ThrowsAsync<FileTransferLostException>(() => sandbox.Files.ListTree(GrainCluster.Tenant, Path, 2, null, 10, Cancel));
    }

    [Fact]
    public async Task A_part_of_a_file_is_read_only_while_it_is_the_same_file()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.FileAnswer = $$"""{"size":100,"modified_ms":5000,"etag":"1-7-a","entry":{{Entry}},"from":10,"to":17}""";
        var id = Guid.NewGuid();

        var opened = await sandbox.Files.OpenRead(id, GrainCluster.Tenant, Path, new FileRange(10, 7), new FileConditions(["1-7-a"], false), Cancel);

        Assert.Equal((100L, "1-7-a"), (opened.Size, opened.ETag));
        Assert.Equal("content", Encoding.UTF8.GetString((await sandbox.Files.Read(id, 0, Cancel))!.Bytes.Span));
        Assert.Null(await sandbox.Files.Read(id, 7, Cancel));
        Assert.EndsWith(""","from":10,"to":17,"if_match":["1-7-a"]}""", sandbox.Guest.FileTasks[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_write_may_have_conditions_and_gives_the_new_entry()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.FileAnswer = $$"""{"etag":"1-7-a","entry":{{Entry}},"created":true}""";
        var id = Guid.NewGuid();

        await sandbox.Files.OpenWrite(id, GrainCluster.Tenant, Path, 3, new FileConditions([], IfNoneMatch: true), Cancel);
        await sandbox.Files.Write(id, 0, Chunk("abc"), Cancel);
        Assert.Equal("1-7-a", (await sandbox.Files.Publish(id, 3, Cancel))!.ETag);
        Assert.EndsWith(""","if_none_match":"*"}""", sandbox.Guest.FileTasks[0], StringComparison.Ordinal);

        // An older guest describes nothing.
        sandbox.Guest.FileAnswer = "{}";
        await sandbox.Files.OpenWrite(id = Guid.NewGuid(), GrainCluster.Tenant, Path, null, FileConditions.None, Cancel);
        Assert.Null(await sandbox.Files.Publish(id, 0, Cancel));
        Assert.DoesNotContain("if_", sandbox.Guest.FileTasks[1], StringComparison.Ordinal);

        sandbox.Guest.FileAnswer = """{"code":"precondition","detail":"x","etag":"2"}""";
        await sandbox.Files.OpenWrite(id = Guid.NewGuid(), GrainCluster.Tenant, Path, null, new FileConditions(["*"], false), Cancel);
        await Assert.ThrowsAsync<PreconditionFailedException>(() => sandbox.Files.Publish(id, 0, Cancel));
        Assert.EndsWith(""","if_match":"*"}""", sandbox.Guest.FileTasks[2], StringComparison.Ordinal);
        Assert.Equal("abc"u8.ToArray(), sandbox.Guest.Written);
    }

    [Fact]
    public async Task Folders_are_made_moved_copied_deleted_and_listed()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.FileAnswer = $$"""{"created":true,"entry":{{Entry}}}""";

        var created = await sandbox.Files.CreateDirectory(GrainCluster.Tenant, Path, 0b111_101_101, parents: true, Cancel);
        Assert.True(created.Created);
        Assert.Equal("/root/b", Encoding.UTF8.GetString((await sandbox.Files.Move(GrainCluster.Tenant, Path, Target, overwrite: false, parents: true, Cancel)).Path!));
        Assert.Equal("/root/b", Encoding.UTF8.GetString((await sandbox.Files.Copy(GrainCluster.Tenant, Path, Target, true, false, recursive: true, Cancel)).Path!));
        await sandbox.Files.Delete(GrainCluster.Tenant, Path, recursive: false, FileConditions.None, Cancel);
        sandbox.Guest.FileAnswer = """{"files":[{"name":"ZC9l","type":"symlink","size":1,"mode":"0777","owner":"u","group":"g","modified_ms":1,"etag":"x\"y","target":"Yg=="}],"next":"ZC9l"}""";
        var page = await sandbox.Files.ListTree(GrainCluster.Tenant, new FilePath("/root"u8.ToArray()), 2, "d"u8.ToArray(), 10, Cancel);

        var entry = Assert.Single(page.Entries);
        Assert.Equal(("e", "/root/d/e", "b"), (Encoding.UTF8.GetString(entry.Name), Encoding.UTF8.GetString(entry.Path!), Encoding.UTF8.GetString(entry.Target!)));
        Assert.Null(entry.ETag);
        Assert.Equal("d/e", Encoding.UTF8.GetString(page.Next!));
        Assert.Equal(
            [
                """ "parents":true,"mode":493}""", """ "to":"L3Jvb3QvYg==","parents":true,"overwrite":false}""",
                """ "to":"L3Jvb3QvYg==","recursive":true,"parents":false,"overwrite":true}""", """ "recursive":false}""", """ "depth":2}""",
            ],
            sandbox.Guest.FileTasks.Select(task => " " + task[(task.IndexOf("\"limit\":", StringComparison.Ordinal) is var at && at >= 0 ? task.IndexOf(',', at) + 1 : 0)..]));
        await Assert.ThrowsAsync<InvalidRequestException>(() => sandbox.Files.ListTree(GrainCluster.Tenant, Path, 33, null, 10, Cancel));
    }

    [Fact]
    public async Task Archives_go_out_and_in()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.FileAnswer = """{"size":null,"modified_ms":5000,"etag":"1"}""";
        var id = Guid.NewGuid();

        await sandbox.Files.OpenArchive(id, GrainCluster.Tenant, Path, Cancel);
        Assert.Equal("content", Encoding.UTF8.GetString((await sandbox.Files.Read(id, 0, Cancel))!.Bytes.Span));
        Assert.Null(await sandbox.Files.Read(id, 7, Cancel));

        sandbox.Guest.FileAnswer = """{"files":3,"directories":1,"bytes":4096}""";
        await sandbox.Files.OpenExtract(id = Guid.NewGuid(), GrainCluster.Tenant, Path, gzip: true, Cancel);
        await sandbox.Files.Write(id, 0, Chunk("tar"), Cancel);
        Assert.Equal(new ArchiveSummary(3, 1, 4_096), await sandbox.Files.Extract(id, 3, Cancel));
        Assert.EndsWith(""","gzip":true}""", sandbox.Guest.FileTasks[1], StringComparison.Ordinal);

        sandbox.Guest.FileAnswer = """{"code":"invalid_archive","detail":"a device","files":2,"directories":0,"bytes":5}""";
        await sandbox.Files.OpenExtract(id = Guid.NewGuid(), GrainCluster.Tenant, Path, gzip: false, Cancel);
        var refused = await Assert.ThrowsAsync<InvalidArchiveException>(() => sandbox.Files.Extract(id, 0, Cancel));
        Assert.Equal(("a device", new ArchiveSummary(2, 0, 5)), (refused.Message, refused.Written));
    }

    [Theory]
    [InlineData("exists", FileRefusal.Exists)]
    [InlineData("not_empty", FileRefusal.DirectoryNotEmpty)]
    [InlineData("not_found", FileRefusal.NotFound)]
    public async Task A_refusal_has_its_reason(string code, FileRefusal refusal)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        sandbox.Guest.FileAnswer = $$"""{"code":"{{code}}","detail":"x"}""";

        Assert.Equal(refusal, (await Assert.ThrowsAsync<FileRefusedException>(() => sandbox.Files.Stat(GrainCluster.Tenant, Path, false, Cancel))).Refusal);
        sandbox.Guest.FileAnswer = """{"code":"range","detail":"x","size":7}""";
        Assert.Equal(
            7, (await Assert.ThrowsAsync<RangeNotSatisfiableException>(
                () => sandbox.Files.OpenRead(Guid.NewGuid(), GrainCluster.Tenant, Path, new FileRange(9, 1), FileConditions.None, Cancel))).Size);
    }

    [Fact]
    public async Task An_older_guest_reads_and_writes_without_conditions_alone()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        var connections = sandbox.Guest.Connections;
        sandbox.Guest.MaxVersion = 1;
        sandbox.Guest.Disconnect();
        await Until.TrueAsync(() => sandbox.Guest.Connections > connections);
        sandbox.Guest.FileAnswer = """{"size":7,"modified_ms":5000}""";

        Assert.Equal((7L, null), await sandbox.Files.OpenRead(Guid.NewGuid(), GrainCluster.Tenant, Path, null, FileConditions.None, Cancel) is var opened ? (opened.Size, opened.ETag) : default);
        await Assert.ThrowsAsync<NotOfferedException>(
            () => sandbox.Files.OpenRead(Guid.NewGuid(), GrainCluster.Tenant, Path, new FileRange(0, 1), FileConditions.None, Cancel));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.Files.Stat(GrainCluster.Tenant, Path, false, Cancel));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.Files.Delete(GrainCluster.Tenant, Path, recursive: true, FileConditions.None, Cancel));
        await Assert.ThrowsAsync<NotOfferedException>(() => sandbox.Files.OpenExtract(Guid.NewGuid(), GrainCluster.Tenant, Path, false, Cancel));
        Assert.Single(sandbox.Guest.FileTasks);
    }

    private static FileChunk Chunk(string text)
    {
        var chunk = FileChunk.Rent(text.Length);
        Encoding.UTF8.GetBytes(text).CopyTo(chunk.Bytes);
        return chunk;
    }
}
