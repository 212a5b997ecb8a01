using System.Collections.Immutable;
using Podflare.Files;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Runs;

namespace Podflare.Terminals;

/// <summary>Parses the body of a request to open a terminal, as published clients send it.</summary>
internal static class TerminalRequest
{
    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static StartRequest Parse(ReadOnlySpan<byte> utf8, RunOptions limits, int maxEnvBytes) =>
        // All fields are optional, so no body means the same as an empty object.
        JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) =>
        {
            byte[]? command = null;
            ImmutableArray<string>? argv = null;
            string? cwd = null;
            var size = TerminalFields.Default;
            var env = ImmutableSortedDictionary<string, string>.Empty;
            while (fields.Next())
            {
                if (fields.Is("shellCmd")) command = fields.Utf8();
                else if (fields.Is("argv")) argv = StartFields.ReadArguments(ref fields, limits);
                else if (fields.Is("cols")) size = size with { Columns = TerminalFields.Length(ref fields) ?? size.Columns };
                else if (fields.Is("rows")) size = size with { Rows = TerminalFields.Length(ref fields) ?? size.Rows };
                else if (fields.Is("env")) env = RequestFields.EnvPairs(ref fields, maxEnvBytes);
                else if (fields.Is("cwd")) cwd = PathField.Absolute(ref fields);
                else fields.Skip();
            }

            if (argv is { Length: > 0 } && command is { Length: > 0 }) errors.Add("argv", "must not be given together with shellCmd");
            StartRules.CheckCommand("shellCmd", command, limits, errors);
            errors.ThrowIfAny();
            if (command is not { Length: > 0 } && argv is not { Length: > 0 }) argv = ["bash"];
            return new StartRequest(Run(command ?? [], new ProcessSpec(argv ?? [], cwd, size), env), []);
        });

    /// <exception cref="ProblemException">400 that names the field, or 413 for too much data.</exception>
    public static StdinChunk ParseInput(ReadOnlySpan<byte> utf8, RunOptions limits) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        byte[]? data = null;
        while (fields.Next())
        {
            if (fields.Is("data_b64")) data = fields.Base64();
            else fields.Skip();
        }

        if (data is null && !errors.Any) errors.Add("data_b64", "must be given");
        errors.ThrowIfAny();
        return StdinRequest.Create(data!, isEnd: false, offset: null, limits);
    });

    private static RunRequest Run(byte[] command, ProcessSpec process, ImmutableSortedDictionary<string, string> env) =>
        new(command, RunLanguage.Bash, RunRequest.NoTimeout, OnDisconnect.Continue, env) { Kind = RunKind.Process, Process = process, Stdin = true };
}
