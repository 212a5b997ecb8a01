using System.Security.Cryptography;

namespace Podflare.Components;

/// <summary>Component ids, and the format of generated ids.</summary>
internal static class Ids
{
    public const string Api = "api";
    public const string Sandboxes = "sandboxes";
    public const string CodeExecution = "code-execution";
    public const string EventStreaming = "event-streaming";
    public const string Workers = "workers";

    /// <summary>Creates an id from a prefix and 96 random bits.</summary>
    public static string New(string prefix) => $"{prefix}_{RandomNumberGenerator.GetHexString(24, lowercase: true)}";
}
