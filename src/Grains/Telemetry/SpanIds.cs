using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Podflare.Telemetry;

/// <summary>Gives a span the id that it had in a process which is dead.</summary>
/// <remarks>
/// The code in the sandbox has made spans below that id, and .NET offers no way to choose one. So a private field is set; a test
/// watches that it does what is meant here, and where a runtime no longer has it the span keeps an id of its own.
/// </remarks>
internal static class SpanIds
{
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
