using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>The size of a terminal in a request.</summary>
internal static class TerminalFields
{
    public static readonly TerminalSize Default = new(80, 24);

    /// <summary>Reads <c>cols</c> and <c>rows</c> up to the end of the object. What is absent has its default.</summary>
    public static TerminalSize Read(ref JsonFieldReader fields)
    {
        var size = Default;
        while (fields.Next())
        {
            if (fields.Is("cols")) size = size with { Columns = Length(ref fields) ?? size.Columns };
            else if (fields.Is("rows")) size = size with { Rows = Length(ref fields) ?? size.Rows };
            else fields.Skip();
        }

        return size;
    }

    public static int? Length(ref JsonFieldReader fields) => (int?)fields.Whole(1, TerminalSize.Max);
}
