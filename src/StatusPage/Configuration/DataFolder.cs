namespace Podflare.Configuration;

/// <summary>Where everything of this process is kept, and of one process at a time; its own user alone can read it.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    public DataFolder(string? configured)
    {
        Path = System.IO.Path.GetFullPath(string.IsNullOrWhiteSpace(configured)
            ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "podflare", "status")
            : configured);
        try
        {
            if (OperatingSystem.IsWindows() || Directory.Exists(Path)) Directory.CreateDirectory(Path);
            else Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            // Two processes on one file would notify everybody twice. The system drops this lock however we end.
            _lock = new FileStream(System.IO.Path.Combine(Path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"the folder {Path} cannot be used, or another status page uses it ({e.Message}); set Status__Folder to another one.");
        }
    }

    public string Path { get; }

    public void Dispose() => _lock.Dispose();
}
