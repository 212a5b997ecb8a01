using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Podflare.Runs;

namespace Podflare.Telemetry;

/// <summary>Gives a span an id that is known elsewhere: the one that it had in a process which is dead, or the one that a run's trace shows.</summary>
/// <remarks>
/// .NET offers no way to choose one. So a private field is set; a test watches that it does what is meant here, and where a runtime no
/// longer has it the span keeps an id of its own.
/// </remarks>
internal static class SpanIds
{
    private const int Bytes = 8;

    /// <summary>The id of the only span with this name that a run has: 16 hex digits, the same wherever it is computed.</summary>
    public static string Of(string name, RunId run)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{name}\0{run.Value}"), hash);
        return Convert.ToHexStringLower(hash[..Bytes]);
    }

    /// <param name="span">Not started yet.</param>
    public static bool TrySet(Activity span, string id)
    {
        try
        {
            Field(span) = id;
            return true;
        }
        catch (MissingFieldException)
        {
            return false;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_spanId")]
    private static extern ref string? Field(Activity span);
}
