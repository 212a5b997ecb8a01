namespace Podflare.Configuration;

/// <summary>The folder in which this process stores everything. Only one process uses it at a time, and only its user can read it.</summary>
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
            // Two processes on one file would send every notification twice. The operating system releases this lock however the process ends.
            _lock = new FileStream(System.IO.Path.Combine(Path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The folder {Path} cannot be used, or another status page is using it ({e.Message}). Set Status__Folder to a different one.");
        }
    }

    public string Path { get; }

    public void Dispose() => _lock.Dispose();
}
