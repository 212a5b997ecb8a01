using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>The body of an interrupt of a run or of a context.</summary>
/// <param name="Grace">Time between the interrupt and the kill; null for that of the run.</param>
/// <param name="Queued">For a context: whether to end the runs that wait for it, too.</param>
internal sealed record InterruptRequest(TimeSpan? Grace, bool Queued)
{
    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static InterruptRequest Parse(ReadOnlySpan<byte> utf8, RunOptions limits) =>
        // All fields are optional, so no body means the same as an empty object.
        JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) =>
        {
            double? grace = null;
            bool? queued = null;
            while (fields.Next())
            {
                if (fields.Is("grace_seconds")) grace = fields.Number(0, limits.MaxGraceSeconds);
                else if (fields.Is("queued")) queued = fields.Flag();
                else fields.Skip();
            }

            errors.ThrowIfAny();
            return new InterruptRequest(grace is { } seconds ? TimeSpan.FromSeconds(seconds) : null, queued == true);
        });
}
