using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podflare.Containers;

/// <summary>The list of system calls that a sandbox may make, as text for the engine.</summary>
internal static class SeccompProfile
{
    private const string Resource = "Podflare.Containers.seccomp.json";

    /// <summary>The profile that is part of the program.</summary>
    public static string Embedded { get; } = ReadEmbedded();

    /// <summary>A profile without the whitespace that every create would send again.</summary>
    /// <exception cref="FormatException">It is not a profile, or allows what it does not name.</exception>
    public static string Compact(string text)
    {
        try
        {
            var profile = JsonNode.Parse(text) as JsonObject ?? throw new FormatException("the profile is not a JSON object.");
            if (profile["defaultAction"]?.GetValue<string>() is not { } action) throw new FormatException("the profile has no defaultAction.");
            if (action is "SCMP_ACT_ALLOW" or "SCMP_ACT_LOG") throw new FormatException("the profile allows every system call that it does not name.");
            return profile.ToJsonString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException("the profile is not valid JSON.", e);
        }
    }

    /// <summary>Reads a profile from a file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="FormatException">It is not a profile, or allows what it does not name.</exception>
    public static string Read(string path) => Compact(File.ReadAllText(path));

    private static string ReadEmbedded()
    {
        using var stream = typeof(SeccompProfile).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        using var reader = new StreamReader(stream);
        return Compact(reader.ReadToEnd());
    }
}
