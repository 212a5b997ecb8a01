using System.Text;

namespace Podflare;

/// <summary>The order in which two texts were written, so that the combined text is not stored a second time.</summary>
/// <param name="Lengths">The lengths of alternating parts: positive for stdout, negative for stderr. Null: stdout first.</param>
internal readonly record struct Interleaving(IReadOnlyList<int>? Lengths)
{
    public string Apply(string stdout, string stderr)
    {
        // A copy of a result with another text has an order that does not fit.
        if (Lengths is null || Lengths.Where(length => length > 0).Sum() != stdout.Length || -Lengths.Where(length => length < 0).Sum() != stderr.Length) return stdout + stderr;
        var text = new StringBuilder(stdout.Length + stderr.Length);
        var (fromOut, fromErr) = (0, 0);
        foreach (var length in Lengths)
        {
            if (length > 0)
            {
                text.Append(stdout, fromOut, length);
                fromOut += length;
            }
            else
            {
                text.Append(stderr, fromErr, -length);
                fromErr -= length;
            }
        }

        return text.ToString();
    }
}
