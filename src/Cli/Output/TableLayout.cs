using System.Text;
using Spectre.Console.Rendering;

namespace Podflare.Cli.Output;

/// <summary>
/// Fits a table into a terminal. The first column, which identifies the row, is never cut. The last column is shortened; if that is not enough,
/// columns are left out from right to left, the last one first if it may be left out. What a row is looked up for can be kept to the end.
/// </summary>
internal static class TableLayout
{
    private const int Gap = 2;
    private const int MinElastic = 12;

    /// <param name="dropLast">The last column is left out first.</param>
    /// <param name="keep">The heading of a column that is left out after all others.</param>
    public static IEnumerable<string> Lines(string[] heading, IReadOnlyList<string[]> rows, int width, bool dropLast, string? keep = null)
    {
        var widths = heading.Select((name, i) => rows.Select(row => Width(row[i])).Append(Width(name)).Max()).ToArray();
        var kept = Enumerable.Range(0, heading.Length).ToList();
        while (kept.Count > 1 && Total(kept, widths) > width)
        {
            var last = kept[^1];
            var rest = width - Total(kept.GetRange(0, kept.Count - 1), widths) - Gap;
            if (last == heading.Length - 1 && rest >= Math.Min(MinElastic, widths[last]))
            {
                widths[last] = rest;
                break;
            }

            // The last column is what a row is about, unless said otherwise.
            var stays = last == heading.Length - 1 && !dropLast ? last : -1;
            var at = kept.FindLastIndex(column => column != kept[0] && column != stays && heading[column] != keep);
            kept.RemoveAt(at > 0 ? at : kept.Count - 1);
        }

        return rows.Prepend(heading).Select(row => Line(row, kept, widths));
    }

    private static int Total(List<int> columns, int[] widths) => columns.Sum(i => widths[i]) + Gap * (columns.Count - 1);

    private static string Line(string[] row, List<int> kept, int[] widths)
    {
        var line = new StringBuilder();
        foreach (var i in kept)
        {
            var cell = i == kept[0] ? row[i] : Cut(row[i], widths[i]);
            line.Append(cell).Append(' ', Math.Max(0, widths[i] - Width(cell)) + Gap);
        }

        return line.ToString().TrimEnd();
    }

    private static string Cut(string cell, int width)
    {
        if (Width(cell) <= width) return cell;
        var cut = new StringBuilder();
        var used = 0;
        foreach (var rune in cell.EnumerateRunes())
        {
            var size = Width(rune.ToString());
            if (used + size > width - 1) break;
            cut.Append(rune);
            used += size;
        }

        return cut.Append('…').ToString();
    }

    // In cells of the terminal: an East Asian character takes two.
    private static int Width(string text) => new Segment(text).CellCount();
}
