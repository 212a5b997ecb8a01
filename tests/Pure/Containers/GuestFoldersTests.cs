using System.Runtime.Versioning;

namespace Podflare.Containers;

/// <summary>The guest with its bytecode: what is accepted from a container, and what is done about files that were changed since.</summary>
[SupportedOSPlatform("linux")]
public sealed class GuestFoldersTests : IDisposable
{
    private const string Image = "sha256:0123456789abcdef0123456789abcdef";
    private const string Other = "sha256:fedcba9876543210fedcba9876543210";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("guest-folders-");
    private readonly RunFolder _run;
    private readonly GuestFolders _folders;

    public GuestFoldersTests()
    {
        var source = Directory.CreateDirectory(Path.Combine(_root.FullName, "source"));
        Directory.CreateDirectory(Path.Combine(source.FullName, "part"));
        File.WriteAllText(Path.Combine(source.FullName, "main.py"), "print(1)");
        File.WriteAllText(Path.Combine(source.FullName, "part", "link.py"), "pass");
        _run = RunFolder.Open(Path.Combine(_root.FullName, "run"), null, source.FullName);
        _folders = new GuestFolders(_run);
    }

    public void Dispose()
    {
        _run.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public void Bytecode_lies_where_the_interpreter_looks_for_it_beside_the_sources()
    {
        var folder = _folders.Write(Image, Bytecode());
        Assert.Equal(folder, _folders.Find(Image));
        Assert.Null(_folders.Find(Other));
        Assert.Equal("print(1)", File.ReadAllText(Path.Combine(folder, "main.py")));
        var file = Path.Combine(folder, "part", "__pycache__", "link.cpython-311.pyc");
        Assert.Equal(Content("part/link.py"), File.ReadAllBytes(file));
        Assert.True(File.GetUnixFileMode(file).HasFlag(UnixFileMode.OtherRead));
        Assert.False(File.GetUnixFileMode(file).HasFlag(UnixFileMode.OtherWrite));
        Assert.Empty(Directory.GetFiles(_run.Guest, "*.pyc", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_folder_that_was_changed_in_any_way_is_not_used_and_is_made_again()
    {
        string[] changes = ["main.py", "__pycache__/main.cpython-311.pyc", "part/__pycache__/link.cpython-311.pyc", "part/__pycache__/more.cpython-311.pyc"];
        foreach (var change in changes)
        {
            var folder = _folders.Write(Image, Bytecode());
            File.AppendAllText(Path.Combine(folder, change), "x");
            Assert.Null(_folders.Find(Image));
        }

        File.Delete(_folders.Write(Image, Bytecode()) + ".sum");
        Assert.Null(_folders.Find(Image));
        Assert.Equal(Content("main.py"), File.ReadAllBytes(Path.Combine(_folders.Write(Image, Bytecode()), "__pycache__", "main.cpython-311.pyc")));
        Assert.NotNull(_folders.Find(Image));
    }

    [Fact]
    public void What_is_not_the_bytecode_of_the_guest_is_refused()
    {
        var right = Bytecode();
        var files = right.Files.ToDictionary();
        GuestBytecode[] wrong =
        [
            right with { Tag = "../../x" },
            right with { Magic = "00000000" },
            right with { Files = files.Where(file => file.Key != "main.py").ToDictionary() },
            right with { Files = new Dictionary<string, byte[]>(files) { ["../evil.py"] = Content("x") } },
            right with { Files = new Dictionary<string, byte[]>(files) { ["main.py"] = Content("main.py", flags: 0) } },
            right with { Files = new Dictionary<string, byte[]>(files) { ["main.py"] = Content("main.py", flags: 3) } },
            right with { Files = new Dictionary<string, byte[]>(files) { ["main.py"] = [] } },
        ];
        Assert.All(wrong, bytecode => Assert.Throws<InvalidDataException>(() => _folders.Write(Image, bytecode)));
        Assert.Null(_folders.Find(Image));
        Assert.Throws<ArgumentException>(() => _folders.Write("../../0123456789abcdef", right));
    }

    private static GuestBytecode Bytecode() =>
        new("cpython-311", "a70d0d0a", new Dictionary<string, byte[]> { ["main.py"] = Content("main.py"), ["part/link.py"] = Content("part/link.py") });

    private static byte[] Content(string name, byte flags = 1) => [0xa7, 0x0d, 0x0d, 0x0a, flags, 0, 0, 0, .. new byte[8], .. System.Text.Encoding.UTF8.GetBytes(name)];
}
