using System.Runtime.Versioning;
using Orleans.Runtime;
using Orleans.Storage;
using Podflare.Storage;
using Podflare.Tenants;

namespace Podflare.Pure.Storage;

[SupportedOSPlatform("linux")]
public sealed class FileStoreTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("pf.").FullName, "kept");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public async Task A_record_survives_a_restart_and_only_its_owner_reads_it()
    {
        await WriteAsync(new FileStore(_folder), "acme", null, "Acme");

        var read = await ReadAsync(new FileStore(_folder), "acme");

        Assert.Equal((true, "Acme"), (read.RecordExists, read.State!.Name));
        var file = Assert.Single(Directory.GetFiles(_folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder));
    }

    [Fact]
    public async Task Who_has_read_an_older_record_cannot_overwrite_a_newer_one()
    {
        var store = new FileStore(_folder);
        var first = await WriteAsync(store, "acme", null, "one");
        await WriteAsync(store, "acme", first.ETag, "two");

        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(store, "acme", first.ETag, "three"));
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(store, "acme", null, "three"));
        Assert.Equal("two", (await ReadAsync(store, "acme")).State!.Name);
    }

    [Fact]
    public async Task A_record_that_is_cleared_is_gone()
    {
        var store = new FileStore(_folder);
        var state = await WriteAsync(store, "acme", null, "one");

        await store.ClearStateAsync("tenant", Id("acme"), state);

        Assert.False((await ReadAsync(store, "acme")).RecordExists);
        Assert.Empty(Directory.GetFiles(_folder));
        await WriteAsync(store, "acme", null, "again");
    }

    [Fact]
    public async Task Keys_of_any_form_stay_inside_the_folder_and_apart()
    {
        var store = new FileStore(_folder);
        string[] keys = ["..", ".", "a/../../b", "a", "A", "a b", "a%2Fb", "a/b", "é"];

        foreach (var key in keys) await WriteAsync(store, key, null, key);

        foreach (var key in keys) Assert.Equal(key, (await ReadAsync(store, key)).State!.Name);
        Assert.Equal(keys.Length, Directory.GetFiles(_folder).Length);
        Assert.Single(Directory.GetDirectories(Path.GetDirectoryName(_folder)!));
    }

    [Fact]
    public async Task A_write_that_was_cut_off_leaves_the_old_record()
    {
        var store = new FileStore(_folder);
        await WriteAsync(store, "acme", null, "one");
        await File.WriteAllTextAsync(Directory.GetFiles(_folder).Single() + ".new", "{\"ETag\":\"x\",\"Sta", TestContext.Current.CancellationToken);

        var read = await ReadAsync(new FileStore(_folder), "acme");

        Assert.Equal("one", read.State!.Name);
        await WriteAsync(store, "acme", read.ETag, "two");
        Assert.Single(Directory.GetFiles(_folder));
    }

    private static async Task<GrainState<TenantRecord>> WriteAsync(FileStore store, string key, string? etag, string name)
    {
        var state = new GrainState<TenantRecord>(new TenantRecord { Name = name }) { ETag = etag, RecordExists = etag is not null };
        await store.WriteStateAsync("tenant", Id(key), state);
        return state;
    }

    private static async Task<GrainState<TenantRecord>> ReadAsync(FileStore store, string key)
    {
        var state = new GrainState<TenantRecord>(new TenantRecord());
        await store.ReadStateAsync("tenant", Id(key), state);
        return state;
    }

    private static GrainId Id(string key) => GrainId.Create("tenant", key);
}
