namespace Podflare;

/// <summary>Paths in a sandbox, and their form in the URLs of the API.</summary>
internal static class SandboxPath
{
    public const string Home = "/root";

    /// <summary>Returns the absolute path, without repeated slashes.</summary>
    /// <exception cref="ArgumentException">The path is empty, or has a segment that URL normalization would remove.</exception>
    public static string Absolute(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentChecks.Unicode(path, nameof(path));
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path.Contains('\0', StringComparison.Ordinal) || Array.Exists(parts, part => part is "." or ".."))
            throw new ArgumentException($"The path '{path.Replace("\0", "\\0", StringComparison.Ordinal)}' must not contain NUL or the segments '.' and '..'.", nameof(path));
        var joined = string.Join('/', parts);
        return path[0] == '/' ? $"/{joined}" : $"{Home}/{joined}";
    }

    /// <summary>Returns the path as part of a URL: each segment is percent-encoded.</summary>
    public static string ToRoute(string path)
    {
        var absolute = Absolute(path);
        return absolute.Length > 1
            ? $"files/{string.Join('/', absolute[1..].Split('/').Select(Uri.EscapeDataString))}"
            : throw new ArgumentException("The path must name a file, not the root directory.", nameof(path));
    }
}
