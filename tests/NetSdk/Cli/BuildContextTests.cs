using System.Formats.Tar;
using Podflare.Cli.Hosting;
using Podflare.Cli.Templates;

namespace Podflare.NetSdk.Cli;

/// <summary>What of a folder is sent to the builder.</summary>
public sealed class BuildContextTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pf-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_what_the_ignore_file_leaves_and_nothing_that_a_link_leads_to()
    {
        Write("Dockerfile", "FROM scratch");
        Write(".dockerignore", "*\n!src\n**/*.log\n");
        Write("src/a.py", "1");
        Write("src/run.sh", "2");
        Write("src/deep/noise.log", "3");
        Write("secret/key", "4");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(_folder, "src/run.sh"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(Path.Combine(_folder, "src/link"), "/etc");

        var entries = await EntriesAsync(BuildContext.Open(_folder, null));
        Assert.Equal([".dockerignore", "Dockerfile", "src", "src/a.py", "src/deep", "src/link", "src/run.sh"], entries.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("1", await new StreamReader(entries["src/a.py"].DataStream!).ReadToEndAsync(Cancellation));
        Assert.Equal((TarEntryType.SymbolicLink, "/etc"), (entries["src/link"].EntryType, entries["src/link"].LinkName));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, entries["src/run.sh"].Mode);
    }

    [Fact]
    public async Task An_exception_below_a_folder_that_is_left_out_is_sent()
    {
        Write("Dockerfile", "FROM scratch");
        Write(".dockerignore", "data\n!data/keep\n");
        Write("data/drop", "1");
        Write("data/keep/x", "2");
        Assert.Equal([".dockerignore", "Dockerfile", "data/keep", "data/keep/x"], (await EntriesAsync(BuildContext.Open(_folder, null))).Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_Dockerfile_may_lie_in_a_subfolder_but_not_outside()
    {
        Write("docker/tools.Dockerfile", "FROM scratch");
        Assert.Equal("docker/tools.Dockerfile", BuildContext.Open(_folder, Path.Combine(_folder, "docker/tools.Dockerfile")).Dockerfile);
        Write("Dockerfile", "FROM scratch");
        var outside = Assert.Throws<CliException>(() => BuildContext.Open(Path.Combine(_folder, "docker"), Path.Combine(_folder, "Dockerfile")));
        Assert.StartsWith("--file: ", outside.Message, StringComparison.Ordinal);
        Assert.Contains("is not in the context folder", outside.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_beyond_the_limit_are_refused_and_files_that_are_left_out_do_not_count()
    {
        Write("Dockerfile", "FROM scratch");
        Write("big", new string('x', 2 << 20));
        var context = BuildContext.Open(_folder, null);
        Assert.Contains("are larger than --max-context-mib (1 MiB)", Assert.Throws<CliException>(() => context.ToContent(1 << 20, "--max-context-mib")).Message, StringComparison.Ordinal);
        Write(".dockerignore", "big");
        BuildContext.Open(_folder, null).ToContent(1 << 20, "--max-context-mib").Dispose();
    }

    [Fact]
    public async Task A_file_that_cannot_be_sent_is_named()
    {
        Write("Dockerfile", "FROM scratch");
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(_folder, "s.sock")));
        var error = await Assert.ThrowsAsync<CliException>(() => BuildContext.Open(_folder, null).WriteAsync(Stream.Null, Cancellation));
        Assert.Contains("s.sock cannot be sent to the builder", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<Dictionary<string, TarEntry>> EntriesAsync(BuildContext context)
    {
        var archive = new MemoryStream();
        await context.WriteAsync(archive, Cancellation);
        archive.Position = 0;
        var entries = new Dictionary<string, TarEntry>(StringComparer.Ordinal);
        await using var reader = new TarReader(archive);
        while (await reader.GetNextEntryAsync(copyData: true, Cancellation) is { } entry) entries.Add(entry.Name.TrimEnd('/'), entry);
        return entries;
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
