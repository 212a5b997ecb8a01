namespace Podflare.E2b;

/// <summary>Paths as clients of E2B write them: relative ones and <c>~</c> begin in the user's folder, and dots are resolved.</summary>
internal static class SandboxPath
{
    /// <param name="path">Null or empty for the folder itself.</param>
    /// <param name="folder">Absolute path of the user's folder.</param>
    public static string Resolve(string? path, string folder)
    {
        if (path is "~" or null) path = "";
        else if (path.StartsWith("~/", StringComparison.Ordinal)) path = path[2..];
        var parts = new List<string>();
        foreach (var part in (path.StartsWith('/') ? path : $"{folder}/{path}").Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..") parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            else if (part != ".") parts.Add(part);
        }

        return "/" + string.Join('/', parts);
    }
}
