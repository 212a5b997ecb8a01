using System.Collections.Frozen;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;

namespace Podflare.WebConsole;

/// <summary>The files of the console and the front page, which are embedded in the program.</summary>
internal sealed class ConsoleFiles : IDisposable
{
    public const string Index = "index.html";
    public const string Front = "front.html";

    private const string FrontScript = "front.js";
    private const string ResourcePrefix = "Podflare.Console/";

    private readonly FrozenDictionary<string, ConsoleFile> _embedded;
    private readonly PhysicalFileProvider? _folder;

    public ConsoleFiles(IOptions<ConsoleOptions> options)
    {
        var assembly = typeof(ConsoleFiles).Assembly;
        _embedded = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .ToFrozenDictionary(
                // Names of resources have the separator of the machine that built them.
                name => name[ResourcePrefix.Length..].Replace('\\', '/'),
                name =>
                {
                    using var stream = assembly.GetManifestResourceStream(name)!;
                    return ConsoleFile.Create(name, stream);
                },
                StringComparer.Ordinal);
        if (options.Value.Folder is { Length: > 0 } folder) _folder = new PhysicalFileProvider(Path.GetFullPath(folder));
        // The modules import each other in several steps. The header makes the browser fetch all of them at once with the page.
        Preloads = string.Join(", ", _embedded.Keys.Where(path => path.EndsWith(".js", StringComparison.Ordinal) && path != FrontScript).Order(StringComparer.Ordinal)
            .Select(path => $"<{ConsoleEndpoints.Prefix}/{path}>; rel=modulepreload"));
    }

    /// <summary>The <c>Link</c> header of the console's page.</summary>
    public string Preloads { get; }

    /// <param name="path">Relative to <c>/console</c>, such as <c>pages/run.js</c>.</param>
    public ConsoleFile? Find(string path)
    {
        if (_folder?.GetFileInfo(path) is { Exists: true, IsDirectory: false } file)
        {
            using var stream = file.CreateReadStream();
            return ConsoleFile.Create(path, stream);
        }

        return _embedded.GetValueOrDefault(path);
    }

    public void Dispose() => _folder?.Dispose();
}
