using System.Collections.Immutable;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>The validated body of an exec, with defaults and maxima applied.</summary>
/// <param name="Warnings">Values that were reduced.</param>
internal sealed record ExecRequest(RunRequest Run, IReadOnlyList<string> Warnings)
{
    private const int MaxWord = 32;

    /// <exception cref="ProblemException">400 that names each field, or 413 for the code.</exception>
    public static ExecRequest Parse(ReadOnlySpan<byte> utf8, RunOptions options, CreateOptions limits) =>
        JsonFieldReader.Read(utf8, (fields, errors) => Parse(ref fields, errors, options, limits));

    private static ExecRequest Parse(ref JsonFieldReader fields, FieldErrors errors, RunOptions options, CreateOptions limits)
    {
        byte[]? code = null;
        string? language = null, onDisconnect = null;
        double? timeout = null;
        var env = ImmutableSortedDictionary<string, string>.Empty;
        while (fields.Next())
        {
            if (fields.Is("code")) code = fields.Utf8();
            else if (fields.Is("language")) language = fields.Text(MaxWord);
            else if (fields.Is("timeout_seconds")) timeout = fields.Positive();
            else if (fields.Is("on_disconnect")) onDisconnect = fields.Text(MaxWord);
            else if (fields.Is("env")) env = RequestFields.Env(ref fields, limits.MaxEnvBytes);
            else fields.Skip();
        }

        if (code is null or []) errors.Add("code", "must be a non-empty string");
        if (language is not (null or "python" or "bash")) errors.Add("language", "must be python or bash");
        if (onDisconnect is not (null or "continue" or "interrupt")) errors.Add("on_disconnect", "must be continue or interrupt");
        errors.ThrowIfAny();
        if (code!.Length > options.MaxCodeBytes) throw new ProblemException(new Problem(413, "code_too_large", $"code is larger than the limit of {options.MaxCodeBytes} bytes"));

        var warnings = new List<string>();
        return new ExecRequest(
            new RunRequest(
                code,
                language == "bash" ? RunLanguage.Bash : RunLanguage.Python,
                RequestFields.Duration("timeout_seconds", timeout, options.DefaultTimeoutSeconds, options.MaxTimeoutSeconds, warnings),
                onDisconnect == "interrupt" ? OnDisconnect.Interrupt : OnDisconnect.Continue,
                env),
            warnings);
    }
}
