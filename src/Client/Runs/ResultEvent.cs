using System.Text.Json;

namespace Podflare;

/// <summary>A value that Python code displayed: the value of its last expression, a figure, or an argument of <c>display()</c>.</summary>
/// <example>
/// <code>
/// foreach (var result in (await sandbox.RunAsync("6 * 7")).Results) Console.WriteLine(result.Text);  // 42
/// </code>
/// </example>
public sealed record ResultEvent : SandboxEvent
{
    /// <summary>Whether it is the value of the last expression.</summary>
    public bool Main { get; init; }

    /// <summary>The value by MIME type, such as <c>text/plain</c>, <c>text/html</c> or <c>image/png</c>. Binary types are base64 strings; JSON types are JSON values.</summary>
    public required IReadOnlyDictionary<string, JsonElement> Data { get; init; }

    /// <summary>MIME types that were left out because the result was too large, with their sizes in bytes.</summary>
    public IReadOnlyDictionary<string, long> Omitted { get; init; } = new Dictionary<string, long>();

    /// <summary>MIME types whose value is shortened.</summary>
    public IReadOnlyList<string> Truncated { get; init; } = [];

    /// <summary>The value as text; null if it has none.</summary>
    public string? Text => Data.TryGetValue("text/plain", out var text) && text.ValueKind is JsonValueKind.String ? text.GetString() : null;

    /// <summary>Returns the bytes of a binary type, such as <c>image/png</c>; null if the result does not have it.</summary>
    public byte[]? GetBytes(string mimeType) =>
        Data.TryGetValue(mimeType, out var value) && value.ValueKind is JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes) ? bytes : null;
}
