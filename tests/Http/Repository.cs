namespace Podflare;

/// <summary>Where the sources are.</summary>
internal static class Repository
{
    public static string Folder { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Podflare.sln"))) folder = folder.Parent ?? throw new DirectoryNotFoundException("Podflare.sln is in no folder above the tests.");
        return folder.FullName;
    }
}
