using System.Security.Cryptography;

namespace Podflare.Hosts;

/// <summary>The name of a silo: <c>role=worker.host=71a2524d.</c> and 8 random hex digits, so that the membership tells what it is.</summary>
internal static class SiloName
{
    public static string Of(IReadOnlyDictionary<string, string> metadata) =>
        string.Concat(metadata.Select(pair => $"{pair.Key}={pair.Value}.")) + RandomNumberGenerator.GetHexString(8, lowercase: true);

    /// <returns>Null where the name does not tell.</returns>
    public static string? Tag(string name, string key) =>
        name.Split('.').Select(part => part.Split('=', 2)).FirstOrDefault(pair => pair.Length == 2 && pair[0] == key)?[1];
}
