using System.Text.Json.Nodes;
using Podflare.Cli.Engine;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Templates;

/// <summary>Makes an image of a template's own layers into one for sandboxes, checks it, and gives it its name.</summary>
internal sealed class SandboxImage(EngineClient engine, BuildLog log)
{
    private const string FinishDockerfile = "finish.Dockerfile";
    private const string VerifyScript = "verify-image.py";
    private const string Tag = "local";

    public static string NameOf(string template) => $"podflare/{template}";

    /// <summary>Adds the layers that every sandbox needs.</summary>
    /// <returns>The ID of the new image.</returns>
    public Task<string> FinishAsync(string layers, string template, bool noCache, CancellationToken cancellationToken) => new ImageBuilder(engine, log).BuildAsync(
        new ImageRequest(PackageDockerfile.Archive((PackageDockerfile.FileName, Resource(FinishDockerfile))), PackageDockerfile.FileName)
        {
            Arguments = new Dictionary<string, string> { ["BASE"] = layers },
            Labels = new Dictionary<string, string> { ["podflare.template"] = template },
            NoCache = noCache,
        },
        cancellationToken);

    /// <summary>Runs the check of eng/build-images.sh in the image, and imports what a sandbox imports.</summary>
    /// <exception cref="CliException">The image is not what a sandbox needs. If it is new, it has been removed.</exception>
    public async Task VerifyAsync(string image, string? preload, CancellationToken cancellationToken)
    {
        try
        {
            await CheckAsync(Resource(VerifyScript), "The image is not what a sandbox needs");
            if (preload is { Length: > 0 }) await CheckAsync($"import {preload}", "The image cannot import what --preload lists");
        }
        catch
        {
            // Its layers stay, so that the next build need not repeat them.
            await RemoveUnnamedAsync(image, "?noprune=1");
            throw;
        }

        async Task CheckAsync(string code, string failure)
        {
            var (exitCode, output) = await new ProbeContainer(engine).RunAsync(image, code, cancellationToken);
            if (exitCode == 0) return;
            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            throw new CliException($"{failure}: {(lines.Length == 0 ? $"exit code {exitCode}" : string.Join("; ", lines.TakeLast(5)))}");
        }
    }

    /// <summary>Gives the image its name, and removes the one that had it before unless something uses that.</summary>
    /// <returns>The size of the image in bytes.</returns>
    public async Task<long> PublishAsync(string image, string template, CancellationToken cancellationToken)
    {
        var name = NameOf(template);
        var old = await FindAsync($"{name}:{Tag}", cancellationToken);
        await engine.PostAsync($"/images/{image}/tag?repo={name}&tag={Tag}", null, cancellationToken);
        var built = await FindAsync(image, cancellationToken);
        if (old?["Id"]?.ToString() is { } before && before != built?["Id"]?.ToString()) await RemoveUnnamedAsync(before, "");
        return built?["Size"] is { } size ? (long)size : 0;
    }

    private Task<JsonObject?> FindAsync(string image, CancellationToken cancellationToken) => engine.FindAsync($"/images/{image}/json", cancellationToken);

    /// <summary>Removes an image, unless it has a name: a build that changes nothing gives the image that is in use.</summary>
    private async Task RemoveUnnamedAsync(string image, string query)
    {
        try
        {
            // Even if the user has interrupted the command.
            if ((await FindAsync(image, CancellationToken.None))?["RepoTags"] is JsonArray { Count: 0 }) await engine.DeleteAsync($"/images/{image}{query}", CancellationToken.None);
        }
        catch (EngineException)
        {
            // A container or another image still uses it.
        }
    }

    private static string Resource(string name)
    {
        using var stream = typeof(SandboxImage).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
