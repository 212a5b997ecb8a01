using System.Text;

namespace Podflare;

/// <summary>The order in which output and results came, so that the combined text is not stored a second time.</summary>
/// <param name="Lengths">The lengths of alternating parts: positive for stdout, negative for stderr. Null: stdout first.</param>
/// <param name="Places">The number of characters of output before each result. Null: the results come last.</param>
internal readonly record struct Interleaving(IReadOnlyList<int>? Lengths, IReadOnlyList<int>? Places)
{
    public string Output(string stdout, string stderr)
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

    /// <summary>Inserts the text of each result at its place, on lines of its own.</summary>
    public string Text(string output, IReadOnlyList<ResultEvent> results)
    {
        if (results.Count == 0) return output;
        var pieces = new List<(string, bool)>();
        var shown = 0;
        for (var i = 0; i < results.Count; i++)
        {
            var place = Places is { } places && places.Count == results.Count && places[i] >= shown && places[i] <= output.Length ? places[i] : output.Length;
            pieces.Add((output[shown..place], false));
            pieces.Add((results[i].Text ?? "", true));
            shown = place;
        }

        pieces.Add((output[shown..], false));
        return LineJoiner.Join(pieces);
    }
}
