using System.Diagnostics;

namespace Podflare.EndToEnd.Services;

/// <summary>The engine as its operator sees it, by the docker command.</summary>
internal static class Engine
{
    public static Task<string> ExecAsync(string sandbox, string command) =>
        DockerAsync("exec", "-u", "1000", Name(sandbox), "sh", "-c", command);

    /// <summary>Ids of the containers of a cluster, stopped ones too.</summary>
    public static async Task<string[]> ListAsync(string cluster) =>
        (await DockerAsync("ps", "-aq", "--filter", $"label=podflare.cluster={cluster}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Ids of the containers of one sandbox of a cluster, stopped ones too.</summary>
    public static async Task<string[]> ListAsync(string cluster, string sandbox) =>
        (await DockerAsync("ps", "-aq", "--filter", $"label=podflare.cluster={cluster}", "--filter", $"label=podflare.sandbox={sandbox}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static Task KillAsync(string sandbox) => DockerAsync("kill", Name(sandbox));

    private static string Name(string sandbox) => $"podflare-{sandbox}";

    private static async Task<string> DockerAsync(params string[] arguments)
    {
        using var docker = Process.Start(new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = docker.StandardOutput.ReadToEndAsync();
        var errors = docker.StandardError.ReadToEndAsync();
        await docker.WaitForExitAsync();
        return docker.ExitCode == 0 ? await output : throw new InvalidOperationException($"docker {arguments[0]}: {await errors}");
    }
}
