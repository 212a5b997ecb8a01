using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Podflare;

/// <summary>Checks of arguments that fail before a request is sent.</summary>
internal static class ArgumentChecks
{
    private const int MaxKey = 255;
    private const int MaxTerminalSide = 1_000;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Returns the given key, or a new one: every create and exec carries a key from its first attempt.</summary>
    public static string KeyOrNew(string? key)
    {
        if (key is null) return Guid.NewGuid().ToString("N");
        return key.Length is > 0 and <= MaxKey && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw new ArgumentException($"An idempotency key must be 1 to {MaxKey} visible ASCII characters.");
    }

    /// <summary>Converts a duration to seconds, the unit of the API.</summary>
    public static double? Seconds(TimeSpan? duration, string name) => duration switch
    {
        null => null,
        { } d when d > TimeSpan.Zero => d.TotalSeconds,
        _ => throw new ArgumentOutOfRangeException(name, "The duration must be greater than zero."),
    };

    /// <summary>Converts a duration that may be zero to seconds.</summary>
    public static double? SecondsOrZero(TimeSpan? duration, string name) => duration switch
    {
        null => null,
        { } d when d >= TimeSpan.Zero => d.TotalSeconds,
        _ => throw new ArgumentOutOfRangeException(name, "The duration must not be negative."),
    };

    /// <summary>Escapes an ID for a path. A path of dots alone would name another route.</summary>
    public static string Segment(string id, string name) =>
        id.Trim('.').Length > 0 ? Uri.EscapeDataString(id) : throw new ArgumentException($"'{id}' is not an ID.", name);

    /// <summary>Converts a member of an enum to the word of the API.</summary>
    public static string Word<T>(T value, string name)
        where T : struct, Enum => Enum.IsDefined(value) ? value.ToString().ToLowerInvariant() : throw new ArgumentOutOfRangeException(name, value, "The value is not supported.");

    /// <summary>The field <c>egress</c>: a flag, or the list of hosts.</summary>
    public static JsonNode? Egress(SandboxOptions options)
    {
        if (options.EgressAllow is not { } hosts) return options.Egress;
        if (options.Egress is not null) throw new ArgumentException($"Set either {nameof(SandboxOptions.Egress)} or {nameof(SandboxOptions.EgressAllow)}.", nameof(options));
        if (hosts.Count == 0) throw new ArgumentException($"{nameof(SandboxOptions.EgressAllow)} must name at least one host.", nameof(options));
        return new JsonObject { ["allow"] = new JsonArray([.. hosts.Select(host => (JsonNode?)host)]) };
    }

    public static TerminalSizeBody TerminalSize(int columns, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(columns, MaxTerminalSide);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, MaxTerminalSide);
        return new TerminalSizeBody(columns, rows);
    }

    /// <summary>Rejects text that JSON cannot carry unchanged.</summary>
    public static void Unicode(string text, string name)
    {
        try
        {
            Strict.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("The text contains half of a surrogate pair, which is not a character.", name, e);
        }
    }

    /// <summary>Rejects an address where an id or a name is expected, which is what a caller of another client is likely to pass.</summary>
    /// <param name="noun">What is expected, with its article.</param>
    public static void NotAddress(string? text, string name, string noun)
    {
        if (text is not null && IsAddress(text))
            throw new ArgumentException($"Expected {noun}, not the address '{text}'. Set the server address with {nameof(PodflareClientOptions)}.{nameof(PodflareClientOptions.BaseAddress)} or {ClientEnvironment.UrlVariable}.", name);
    }

    public static bool IsAddress(string text) =>
        text.Contains("://", StringComparison.Ordinal)
        || text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase)
        || (text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out _));
}
