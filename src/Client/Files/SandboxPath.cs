namespace Podflare;

/// <summary>Paths inside a sandbox, and how the API's addresses carry them.</summary>
internal static class SandboxPath
{
    public const string Home = "/root";

    /// <summary>The absolute path, without doubled slashes.</summary>
    /// <exception cref="ArgumentException">The path is empty, or has a part that an address would swallow before the server sees it.</exception>
    public static string Absolute(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Checks.Text(path, nameof(path));
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path.Contains('\0', StringComparison.Ordinal) || Array.Exists(parts, part => part is "." or ".."))
            throw new ArgumentException("A path in a sandbox must not have the parts '.' and '..', nor NUL.", nameof(path));
        var joined = string.Join('/', parts);
        return path[0] == '/' ? $"/{joined}" : $"{Home}/{joined}";
    }

    /// <summary>The path as part of an address: percent-encoded part by part, without the slash at its beginning.</summary>
    public static string ToRoute(string path)
    {
        var absolute = Absolute(path);
        return absolute.Length > 1
            ? $"files/{string.Join('/', absolute[1..].Split('/').Select(Uri.EscapeDataString))}"
            : throw new ArgumentException("The path of a file is needed, not that of the root folder.", nameof(path));
    }
}
