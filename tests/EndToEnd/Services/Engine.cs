using System.Diagnostics;

namespace Podflare.EndToEnd.Services;

/// <summary>The engine as its operator sees it, by the docker command.</summary>
internal static class Engine
{
    /// <summary>Runs a command as the sandbox's user.</summary>
    public static async Task<string> ExecAsync(string sandbox, string command) =>
        await DockerAsync("exec", "-u", await InspectAsync(sandbox, """{{index .Config.Labels "podflare.user"}}"""), Name(sandbox), "sh", "-c", command);

    /// <summary>Runs a command as root of the container, with the few capabilities that the supervisor has.</summary>
    public static async Task<string> ExecAsRootAsync(string sandbox, string command) => await DockerAsync("exec", "-u", "0", Name(sandbox), "sh", "-c", command);

    /// <summary>Ids of the containers of a cluster, stopped ones too.</summary>
    public static async Task<string[]> ListAsync(string cluster) =>
        (await DockerAsync("ps", "-aq", "--filter", $"label=podflare.cluster={cluster}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Of these, ids of the containers that are a sandbox's, or whose removal is due: all but the parked ones, which come and go by themselves.</summary>
    public static async Task<string[]> ListUsedAsync(string cluster)
    {
        var format = "{{.ID}} {{range $mount := (split .Mounts \",\")}}{{$mount}} {{end}}";
        var lines = (await DockerAsync("ps", "-a", "--no-trunc", "--filter", $"label=podflare.cluster={cluster}", "--format", format)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select(line => line.Split(' ')).Where(parts => !parts.Skip(1).Any(mount => File.Exists(Path.Combine(mount, "parked")))).Select(parts => parts[0])];
    }

    /// <summary>Sandbox ids of the containers that <see cref="ListUsedAsync"/> lists.</summary>
    public static async Task<string[]> ListUsedSandboxesAsync(string cluster)
    {
        var used = await ListUsedAsync(cluster);
        return [.. (await ListSandboxesAsync(cluster)).Where(pair => used.Contains(pair.Container)).Select(pair => pair.Sandbox)];
    }

    public static Task PauseAsync(string sandbox) => DockerAsync("pause", Name(sandbox));

    public static Task UnpauseAsync(string sandbox) => DockerAsync("unpause", Name(sandbox));

    /// <summary>Containers of a cluster with their sandbox ids and images, stopped ones too, without those that only probe the layers of isolation, or compile the guest, for a moment.</summary>
    public static async Task<(string Container, string Sandbox, string Image)[]> ListSandboxesAsync(string cluster)
    {
        const string Format = """{{.ID}} {{.Label "podflare.sandbox"}} {{.Image}} {{.Command}}""";
        var lines = await DockerAsync("ps", "-a", "--no-trunc", "--filter", $"label=podflare.cluster={cluster}", "--format", Format);
        return
        [
            .. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains(" --probe", StringComparison.Ordinal) && !line.Contains(" --bytecode", StringComparison.Ordinal))
                .Select(line => line.Split(' ')).Select(words => (words[0], words[1], words[2])),
        ];
    }

    /// <summary>What <c>docker inspect</c> says of a sandbox's container.</summary>
    public static async Task<string> InspectAsync(string sandbox, string format) => (await DockerAsync("inspect", "-f", format, Name(sandbox))).Trim();

    public static async Task RemoveAsync(params string[] containers)
    {
        if (containers.Length > 0) await DockerAsync(["rm", "-fv", .. containers]);
    }

    /// <summary>Ids of the containers of one sandbox of a cluster, stopped ones too.</summary>
    public static async Task<string[]> ListAsync(string cluster, string sandbox) =>
        (await DockerAsync("ps", "-aq", "--filter", $"label=podflare.cluster={cluster}", "--filter", $"label=podflare.sandbox={sandbox}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Starts a container that carries these labels and is nobody's.</summary>
    public static async Task<string> StartStrayAsync(params string[] labels) =>
        (await DockerAsync(["run", "-d", .. labels.SelectMany(label => new[] { "--label", label }), "--entrypoint", "sleep", "podflare/default:local", "600"])).Trim();

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
