using System.Text.Json.Serialization;
using Podflare.Runs;

namespace Podflare.Terminals;

/// <summary>A terminal in the format of the published clients.</summary>
/// <param name="CmdLabel">The program and its arguments; empty when the terminal has ended, because arguments are not stored.</param>
internal sealed record TerminalJson(string PtyId, string CmdLabel, long CreatedAtMs, int? ExitCode)
{
    public static TerminalJson Of(RunInfo run) => new(
        run.Id.Value, run.Argv.IsDefaultOrEmpty ? "" : string.Join(' ', run.Argv), run.CreatedAt.ToUnixTimeMilliseconds(), run.ExitCode);
}

/// <summary>Output of a terminal.</summary>
/// <param name="NextSeq">The <c>since_seq</c> of the next read.</param>
/// <param name="ExitCode">Null while the terminal is open, or more output follows.</param>
internal sealed record TerminalOutputJson([property: JsonPropertyName("data_b64")] string Data, long NextSeq, int? ExitCode);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<TerminalJson>))]
[JsonSerializable(typeof(TerminalOutputJson))]
internal sealed partial class TerminalJsonContext : JsonSerializerContext;
