using System.Security.Cryptography;

namespace Podflare.Pages;

/// <summary>The style sheet, script and icon, which are embedded in the program. Their URLs contain a hash, so that they can be cached forever.</summary>
internal sealed class Assets
{
    private readonly Dictionary<string, (byte[] Content, string Type, string Path)> _files = new(StringComparer.Ordinal);

    public Assets()
    {
        foreach (var (name, type) in new[] { ("site.css", "text/css; charset=utf-8"), ("site.js", "text/javascript; charset=utf-8"), ("icon.svg", "image/svg+xml") })
        {
            using var stream = typeof(Assets).Assembly.GetManifestResourceStream(name) ?? throw new FileNotFoundException(name);
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            var content = memory.ToArray();
            var hash = Convert.ToHexStringLower(SHA256.HashData(content))[..12];
            _files[name] = (content, type, $"/assets/{hash}/{name}");
        }
    }

    public string Path(string name) => _files[name].Path;

    public (byte[] Content, string Type)? Find(string hash, string name) =>
        _files.TryGetValue(name, out var file) && file.Path == $"/assets/{hash}/{name}" ? (file.Content, file.Type) : null;

    public (byte[] Content, string Type) Icon => (_files["icon.svg"].Content, _files["icon.svg"].Type);
}
