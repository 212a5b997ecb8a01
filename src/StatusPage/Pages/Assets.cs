using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Podflare.Configuration;

namespace Podflare.Pages;

/// <summary>The style sheet, script and logo. Their URLs contain a hash, so that they can be cached forever.</summary>
internal sealed class Assets
{
    private readonly Dictionary<string, (byte[] Content, string Type, string Path)> _files = new(StringComparer.Ordinal);
    private readonly string _logo = "logo.svg";

    public Assets(IOptions<StatusOptions> options)
    {
        Add("site.css", [.. Read("tokens.css"), .. Read("base.css"), .. Read("site.css"), .. System.Text.Encoding.UTF8.GetBytes(AccentColor.Parse(options.Value.Accent)?.ToCss() ?? "")]);
        Add("site.js", Read("site.js"));
        if (options.Value.Logo is { Length: > 0 } path)
        {
            _logo = $"logo{System.IO.Path.GetExtension(path).ToLowerInvariant()}";
            Add(_logo, File.ReadAllBytes(path));
        }
        else
        {
            Add(_logo, Read(_logo));
        }
    }

    public string LogoPath => Path(_logo);

    public (byte[] Content, string Type) Logo => (_files[_logo].Content, _files[_logo].Type);

    public IEnumerable<string> Paths => _files.Values.Select(file => file.Path);

    public string Path(string name) => _files[name].Path;

    public (byte[] Content, string Type)? Find(string hash, string name) => Find($"/assets/{hash}/{name}");

    public (byte[] Content, string Type)? Find(string path) =>
        _files.TryGetValue(System.IO.Path.GetFileName(path), out var file) && file.Path == path ? (file.Content, file.Type) : null;

    private void Add(string name, byte[] content)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content))[..12];
        _files[name] = (content, TypeOf(name), $"/assets/{hash}/{name}");
    }

    private static byte[] Read(string name)
    {
        using var stream = typeof(Assets).Assembly.GetManifestResourceStream(name) ?? throw new FileNotFoundException(name);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    private static string TypeOf(string name) => System.IO.Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".webp" => "image/webp",
        var other => throw new ArgumentException($"Files of the kind {other} are not served.", nameof(name)),
    };
}
