using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Runs;

/// <summary>Parses the body of a request to write to the standard input of a run.</summary>
internal static class StdinRequest
{
    /// <exception cref="ProblemException">400 that names each field, or 413 for too much data.</exception>
    public static StdinChunk Parse(ReadOnlySpan<byte> utf8, RunOptions limits) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        byte[]? text = null, bytes = null;
        bool? eof = null;
        long? offset = null;
        while (fields.Next())
        {
            if (fields.Is("data")) text = fields.Utf8();
            else if (fields.Is("data_b64")) bytes = fields.Base64();
            else if (fields.Is("eof")) eof = fields.Flag();
            else if (fields.Is("offset")) offset = fields.Whole(0, long.MaxValue);
            else fields.Skip();
        }

        if (text is not null && bytes is not null) errors.Add("data_b64", "must not be given together with data");
        else if (text is null && bytes is null && eof != true && !errors.Any) errors.Add("data", "must be given, or data_b64 or eof");
        errors.ThrowIfAny();
        return Create(text ?? bytes ?? [], eof == true, offset, limits);
    });

    /// <exception cref="ProblemException">413: too much data.</exception>
    public static StdinChunk Create(byte[] data, bool isEnd, long? offset, RunOptions limits) => data.Length <= limits.MaxStdinBytes
        ? new StdinChunk(data, isEnd, offset)
        : throw new ProblemException(new Problem(413, "code_too_large", $"the data is larger than the limit of {limits.MaxStdinBytes} bytes; send it in pieces"));
}

/// <summary>The answer to a write.</summary>
/// <param name="Offset">Bytes that the sandbox has accepted of the run's input.</param>
internal sealed record StdinJson(long Offset);
