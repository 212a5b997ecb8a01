using System.Runtime.Versioning;
using Podflare.Sandboxes;

namespace Podflare.Containers;

[SupportedOSPlatform("linux")]
public sealed class RunFolderTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pf-");

    private string Source => Path.Combine(_root.FullName, "source");

    private string Run => Path.Combine(_root.FullName, "run");

    public RunFolderTests()
    {
        Directory.CreateDirectory(Path.Combine(Source, "podflare_guest", "__pycache__"));
        File.WriteAllText(Path.Combine(Source, "main.py"), "print(1)");
        File.WriteAllText(Path.Combine(Source, "podflare_guest", "link.py"), "pass");
        File.WriteAllText(Path.Combine(Source, "podflare_guest", "__pycache__", "link.pyc"), "no source");
    }

    [Fact]
    public void One_process_at_a_time_holds_the_folder()
    {
        using (Open())
        {
            var error = Assert.Throws<RunFolderLockedException>(Open);
            Assert.Contains(Run, error.Message, StringComparison.Ordinal);
        }

        using var next = Open();
    }

    [Fact]
    public void The_host_id_is_drawn_once_unless_an_option_gives_it()
    {
        string drawn;
        using (var first = Open()) drawn = first.HostId;
        Assert.Matches("^[0-9a-f]{8}$", drawn);
        using (var again = Open()) Assert.Equal(drawn, again.HostId);
        using (var given = RunFolder.Open(Run, "deadbeef", Source)) Assert.Equal("deadbeef", given.HostId);
        using (var again = Open()) Assert.Equal(drawn, again.HostId);
        Assert.StartsWith($"sbx_{drawn}", SandboxId.New(drawn).Value, StringComparison.Ordinal);
    }

    [Fact]
    public void The_guest_is_copied_under_the_hash_of_its_content_for_everyone_to_read()
    {
        string before;
        using (var folder = Open()) before = folder.Guest;
        using (var folder = Open()) Assert.Equal(before, folder.Guest);
        var link = Path.Combine(before, "podflare_guest", "link.py");
        Assert.Equal("pass", File.ReadAllText(link));
        Assert.True(File.GetUnixFileMode(link).HasFlag(UnixFileMode.OtherRead));
        Assert.True(File.GetUnixFileMode(Path.GetDirectoryName(link)!).HasFlag(UnixFileMode.OtherExecute));
        Assert.False(Directory.Exists(Path.Combine(before, "podflare_guest", "__pycache__")));

        File.WriteAllText(Path.Combine(Source, "main.py"), "print(2)");
        using (var folder = Open()) Assert.NotEqual(before, folder.Guest);
        Assert.Equal("print(1)", File.ReadAllText(Path.Combine(before, "main.py")));
    }

    [Fact]
    public void A_copy_of_which_a_part_was_lost_is_made_again()
    {
        string guest;
        using (var folder = Open()) guest = folder.Guest;
        File.WriteAllText(Path.Combine(guest, "main.py"), "");
        Directory.CreateDirectory(guest + ".new");
        using (var folder = Open()) Assert.Equal(guest, folder.Guest);
        Assert.Equal("print(1)", File.ReadAllText(Path.Combine(guest, "main.py")));
    }

    [Fact]
    public void A_program_without_guest_files_does_not_keep_the_folder()
    {
        Assert.Throws<DirectoryNotFoundException>(() => RunFolder.Open(Run, null, Path.Combine(_root.FullName, "nowhere")));
        using var folder = Open();
    }

    [Fact]
    public void The_embedded_cluster_is_named_for_the_full_path()
    {
        Assert.Matches("^embedded-[0-9a-f]{8}$", RunFolder.EmbeddedClusterId("/var/lib/podflare"));
        Assert.Equal(RunFolder.EmbeddedClusterId("/var/lib/podflare"), RunFolder.EmbeddedClusterId("/var/lib/../lib/podflare"));
        Assert.NotEqual(RunFolder.EmbeddedClusterId("/a"), RunFolder.EmbeddedClusterId("/b"));
    }

    public void Dispose() => _root.Delete(recursive: true);

    private RunFolder Open() => RunFolder.Open(Run, null, Source);
}
