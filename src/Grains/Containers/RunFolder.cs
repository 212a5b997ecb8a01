using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>
/// What a worker keeps on disk: its lock, its host id, the guest that containers mount, and their sockets. One process at a time holds it.
/// </summary>
public sealed class RunFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode EveryoneReads = OwnerOnly
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode FileEveryoneReads = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly FileStream _lock;

    private RunFolder(string path, FileStream held)
    {
        Path = path;
        _lock = held;
        Sockets = Combine("s");
        Directory.CreateDirectory(Sockets, OwnerOnly);
    }

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>The host's name: 8 lower-case hex digits, drawn once and kept in the file <c>host</c> unless an option gave it.</summary>
    public required string HostId { get; init; }

    /// <summary>The folder of the guest's files, named for their content. Containers mount it read-only.</summary>
    public required string Guest { get; init; }

    /// <summary>The <c>/etc/hosts</c> of containers without a network, whose own is empty: without it <c>localhost</c> is unknown.</summary>
    public required string HostsFile { get; init; }

    /// <summary>The <c>/etc/resolv.conf</c> of containers that are to look up no name. It makes lookups fail at once.</summary>
    public required string NoDnsFile { get; init; }

    /// <summary>The folder of all socket folders.</summary>
    public string Sockets { get; }

    /// <summary>The folder of records that survive a restart of an embedded server. Made when the first is written.</summary>
    public string Kept => Combine("kept");

    /// <summary>The socket folder of one sandbox. Its container mounts it read-only.</summary>
    public string SocketFolder(SandboxId sandbox) => System.IO.Path.Combine(Sockets, sandbox.Tail);

    /// <summary>The socket of one sandbox.</summary>
    public string SocketPath(SandboxId sandbox) => System.IO.Path.Combine(SocketFolder(sandbox), "s");

    /// <summary>The file that says that a sandbox's container is parked: nobody has claimed it, and it goes with this worker.</summary>
    public string ParkedMark(SandboxId sandbox) => System.IO.Path.Combine(SocketFolder(sandbox), "parked");

    /// <summary>The <c>/etc/passwd</c> of the container with this user number.</summary>
    public string PasswdFile(int user) => UserFile(user, "passwd");

    /// <summary>The <c>/etc/group</c> of the container with this user number.</summary>
    public string GroupFile(int user) => UserFile(user, "group");

    /// <summary>Takes the folder for this process until it is disposed; makes what is missing in it.</summary>
    /// <param name="path">Created if it is not there.</param>
    /// <param name="hostId">8 lower-case hex digits; null takes the ones in the folder.</param>
    /// <param name="guestSource">The guest's files; null takes the folder <c>guest</c> beside the program.</param>
    /// <exception cref="RunFolderLockedException">Another process has it.</exception>
    public static RunFolder Open(string path, string? hostId = null, string? guestSource = null)
    {
        path = System.IO.Path.GetFullPath(path);
        Directory.CreateDirectory(path, EveryoneReads);
        var held = Lock(path);
        try
        {
            return new RunFolder(path, held)
            {
                HostId = hostId ?? HostIdFile.ReadOrCreate(System.IO.Path.Combine(path, "host")),
                Guest = GuestFiles.CopyTo(guestSource ?? GuestFiles.BesideProgram, System.IO.Path.Combine(path, "guest")),
                HostsFile = WriteReadable(System.IO.Path.Combine(path, "hosts"), Hosts),
                NoDnsFile = WriteReadable(System.IO.Path.Combine(path, "resolv.conf"), NoDns),
            };
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The name of the one-process cluster that keeps nothing over a restart: <c>embedded-</c> and 8 hex digits of the path's hash.</summary>
    public static string EmbeddedClusterId(string path) =>
        $"embedded-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(System.IO.Path.GetFullPath(path))).AsSpan(0, 4))}";

    /// <summary>Checks that containers can be started from this folder: sockets can be made in it, and the guest is there.</summary>
    /// <exception cref="IOException">It is gone, or full, or cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void CheckUsable()
    {
        var probe = System.IO.Path.Combine(Sockets, "probe");
        File.WriteAllBytes(probe, [0]);
        File.Delete(probe);
        if (!Directory.Exists(Guest)) throw new DirectoryNotFoundException($"The guest's folder {Guest} is gone.");
    }

    /// <summary>Writes the files that give a user number its name, whatever the image knows.</summary>
    /// <param name="home">Home of the user.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    internal void WriteUserFiles(int user, string home)
    {
        Directory.CreateDirectory(Users, EveryoneReads);
        WriteReadable(PasswdFile(user), string.Create(
            CultureInfo.InvariantCulture,
            $"root:x:0:0:root:/:/usr/sbin/nologin\nuser:x:{user}:{user}:user:{home}:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"));
        WriteReadable(GroupFile(user), string.Create(CultureInfo.InvariantCulture, $"root:x:0:\nuser:x:{user}:\nnogroup:x:65534:\n"));
    }

    /// <summary>Removes the files of a user number, as far as they are there.</summary>
    internal void RemoveUserFiles(int user)
    {
        try
        {
            File.Delete(PasswdFile(user));
            File.Delete(GroupFile(user));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They are written again before the number is used again, and removed with the stale ones.
        }
    }

    /// <summary>Removes the files of all user numbers that are stale.</summary>
    internal void RemoveUserFiles(Func<int, bool> isStale)
    {
        if (!Directory.Exists(Users)) return;
        foreach (var file in Directory.EnumerateFiles(Users))
        {
            if (int.TryParse(System.IO.Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var user) && isStale(user)) RemoveUserFiles(user);
        }
    }

    /// <summary>Bytes that are free on its file system.</summary>
    public long FreeBytes() => new DriveInfo(Path).AvailableFreeSpace;

    /// <summary>Gives the folder to whoever wants it next. What is in it stays.</summary>
    public void Dispose() => _lock.Dispose();

    // An open FileStream without sharing holds flock(LOCK_EX); the kernel lets it go with the process, however that ends.
    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new RunFolderLockedException(path, e);
        }
    }

    private static string WriteReadable(string file, string text)
    {
        // Containers have the file mounted, so it is replaced only where it differs.
        if (!File.Exists(file) || File.ReadAllText(file) != text) WriteWhole(file, text);
        File.SetUnixFileMode(file, FileEveryoneReads);
        return file;
    }

    internal static void WriteWhole(string file, string text)
    {
        File.WriteAllText(file + ".new", text);
        File.Move(file + ".new", file, overwrite: true);
    }

    private string Users => Combine("u");

    private string UserFile(int user, string name) => System.IO.Path.Combine(Users, string.Create(CultureInfo.InvariantCulture, $"{user}.{name}"));

    private string Combine(string name) => System.IO.Path.Combine(Path, name);

    private const string Hosts = $"127.0.0.1\tlocalhost {ContainerSettings.Hostname}\n";

    // Nobody listens there.
    private const string NoDns = "nameserver 127.0.0.1\n";
}
