using System.Security.Cryptography;

namespace Podflare.Status.Services;

/// <summary>The folder and cluster id that test.sh gives to a test run. A manual run generates its own.</summary>
internal static class TestRun
{
    public static string Folder { get; } = Environment.GetEnvironmentVariable("PODFLARE_TEST_FOLDER") ?? Directory.CreateTempSubdirectory("pf-").FullName;

    public static string Cluster { get; } =
        Environment.GetEnvironmentVariable("PODFLARE_TEST_CLUSTER") ?? $"test-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    public static string Repository { get; } = FindRepository();

    public static string Program(string project) => Path.Combine(Repository, "artifacts", "bin", project, "release", $"Podflare.{project}.dll");

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Podflare.sln"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException("Podflare.sln is in no folder above the tests.");
    }
}
