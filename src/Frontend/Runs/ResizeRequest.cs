using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>Parses the body of a request to change the size of a terminal.</summary>
internal static class ResizeRequest
{
    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static TerminalSize Parse(ReadOnlySpan<byte> utf8) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        int? columns = null, rows = null;
        while (fields.Next())
        {
            if (fields.Is("cols")) columns = TerminalFields.Length(ref fields);
            else if (fields.Is("rows")) rows = TerminalFields.Length(ref fields);
            else fields.Skip();
        }

        errors.ThrowIfAny();
        if (columns is null) errors.Add("cols", "must be given");
        if (rows is null) errors.Add("rows", "must be given");
        errors.ThrowIfAny();
        return new TerminalSize(columns!.Value, rows!.Value);
    });
}
