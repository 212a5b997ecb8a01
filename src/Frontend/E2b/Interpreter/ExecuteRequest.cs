using System.Collections.Immutable;
using System.Text;
using Podflare.Contexts;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Runs;

namespace Podflare.E2b.Interpreter;

/// <summary>Parses the body of a request to execute code.</summary>
internal static class ExecuteRequest
{
    private const int MaxWord = 64;

    // Long enough for a frontend that dies while another one is asked; the one that serves the client interrupts at once.
    private static readonly TimeSpan DisconnectAfter = TimeSpan.FromSeconds(2);

    /// <exception cref="ProblemException">400, 404 or 501 for what cannot be executed, 413 for too much code.</exception>
    public static RunRequest Parse(ReadOnlySpan<byte> utf8, RunOptions limits, int maxEnvBytes) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        byte[]? code = null;
        string? language = null, context = null;
        var env = ImmutableSortedDictionary<string, string>.Empty;
        while (fields.Next())
        {
            if (fields.Is("code")) code = fields.Utf8();
            else if (fields.Is("language")) language = fields.Text(MaxWord);
            else if (fields.Is("context_id")) context = fields.Text(MaxWord);
            else if (fields.Is("env_vars")) env = RequestFields.Env(ref fields, maxEnvBytes);
            else fields.Skip();
        }

        if (code is null && !errors.Any) errors.Add("code", "must be given");
        errors.ThrowIfAny();
        if (context is not null && language is not null) throw new E2bException(StatusCodes.Status400BadRequest, "Only one of context_id or language can be provided");
        if (context is not null && !ContextId.TryParse(context, null, out _)) throw new ContextNotFoundException(context);
        if (code!.Length > limits.MaxCodeBytes) throw new ProblemException(new Problem(413, "code_too_large", $"code is larger than the limit of {limits.MaxCodeBytes} bytes"));
        return Create(code, InterpreterLanguage.Parse(language), context, env, limits);
    });

    private static RunRequest Create(byte[] code, RunLanguage language, string? context, ImmutableSortedDictionary<string, string> env, RunOptions limits)
    {
        var isPython = language is RunLanguage.Python;
        // Nothing to execute is a program, too; a run needs at least a byte of it.
        var program = code.Length == 0 ? "\n"u8.ToArray() : isPython ? Dedent(code) : code;
        return new RunRequest(program, language, TimeSpan.FromSeconds(limits.MaxTimeoutSeconds), OnDisconnect.Interrupt, env)
        {
            Context = context,
            Display = isPython ? DisplayPolicy.Last : DisplayPolicy.None,
            Columns = isPython,
            DisconnectAfter = DisconnectAfter,
            Keyless = true,
        };
    }

    /// <summary>Takes the indentation of the first line that is not empty from all lines that have it, as IPython does.</summary>
    internal static byte[] Dedent(byte[] code)
    {
        if (code[0] is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')) return code;
        var lines = Encoding.UTF8.GetString(code).Split('\n');
        var first = lines.FirstOrDefault(line => !string.IsNullOrWhiteSpace(line), "");
        var indentation = first[..(first.Length - first.TrimStart(' ', '\t').Length)];
        return Encoding.UTF8.GetBytes(string.Join('\n', lines.Select(line => line.StartsWith(indentation, StringComparison.Ordinal) ? line[indentation.Length..] : line)));
    }
}
