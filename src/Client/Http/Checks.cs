using System.Text;

namespace Podflare;

/// <summary>Mistakes in arguments that are told before anything is sent.</summary>
internal static class Checks
{
    private const int MaxKey = 255;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The given key, or a new one: every create and exec carries one from its first attempt.</summary>
    public static string Key(string? key)
    {
        if (key is null) return Guid.NewGuid().ToString("N");
        return key.Length is > 0 and <= MaxKey && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw new ArgumentException($"An idempotency key must be 1 to {MaxKey} visible ASCII characters.");
    }

    /// <summary>A duration in the API's unit.</summary>
    public static double? Seconds(TimeSpan? duration, string name) => duration switch
    {
        null => null,
        { } d when d > TimeSpan.Zero => d.TotalSeconds,
        _ => throw new ArgumentOutOfRangeException(name, "A duration must be more than zero."),
    };

    /// <summary>Refuses text that JSON could only carry changed.</summary>
    public static void Text(string text, string name)
    {
        try
        {
            Strict.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("The text has half of a surrogate pair, which is no character.", name, e);
        }
    }
}
