namespace Podflare;

/// <summary>The repository that the tests belong to, and how they were started.</summary>
internal static class Repository
{
    public static string Folder { get; } = Find();

    /// <summary>Skips a test that needs a program which only the full run installs.</summary>
    public static void SkipInFastMode(string program) =>
        Assert.SkipWhen(Environment.GetEnvironmentVariable("PODFLARE_TEST_MODE") == "fast", $"It needs {program}, which only './test.sh full' installs.");

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Podflare.sln"))) folder = folder.Parent ?? throw new DirectoryNotFoundException("Podflare.sln is in no folder above the tests.");
        return folder.FullName;
    }
}
