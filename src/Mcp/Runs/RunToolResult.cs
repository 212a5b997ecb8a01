using System.Buffers;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Podflare.Mcp;

/// <summary>The answer about a run: a text for the model, its images, and the same as data.</summary>
internal static class RunToolResult
{
    private static readonly string[] ImageTypes = ["image/png", "image/jpeg"];

    /// <summary>The schema of the data.</summary>
    public static JsonElement OutputSchema { get; } = JsonElement.Parse(
        """
        {
          "type": "object",
          "properties": {
            "sandbox_id": { "type": "string" },
            "run_id": { "type": "string" },
            "state": { "type": "string", "enum": ["ended", "running"] },
            "exit_code": { "type": "integer" },
            "reason": { "type": "string", "description": "Why the run ended, if its code did not end it." },
            "state_lost": { "type": "boolean", "description": "Whether the variables were lost." },
            "stdout": { "type": "string" },
            "stderr": { "type": "string" },
            "truncated": { "type": "boolean", "description": "Whether output is missing here." },
            "results": { "type": "array", "items": { "type": "object", "additionalProperties": { "type": "string" } }, "description": "What the code displayed. Images follow as content." },
            "error": {
              "type": "object",
              "properties": { "name": { "type": "string" }, "value": { "type": "string" }, "traceback": { "type": "string" } }
            },
            "last_seq": { "type": "integer", "description": "Pass it to read_run as after, to read on." }
          },
          "required": ["sandbox_id", "run_id", "state", "stdout", "stderr", "truncated", "results", "last_seq"]
        }
        """u8);

    public static CallToolResult Create(RunReport run, McpSettings settings)
    {
        var output = run.Output;
        CallToolResult result = new() { IsError = output.End is { ExitCode: not 0 } };
        result.Content.Add(new TextContentBlock { Text = TextOf(run, settings) });
        foreach (var (bytes, type) in output.Values.Select(ImageOf).OfType<(byte[], string)>()) result.Content.Add(ImageContentBlock.FromBytes(bytes, type));
        result.StructuredContent = DataOf(run, settings);
        return result;
    }

    private static string TextOf(RunReport run, McpSettings settings)
    {
        var (output, end) = (run.Output, run.Output.End);
        var last = LastLine(run);
        var text = ModelText.Format(
            new ModelTextParts(output.Text)
            {
                ExitCode = end?.ExitCode ?? 0,
                Reason = end?.Reason,
                Signal = end?.Signal,
                ErrorName = end?.Fault?.Name,
                ErrorValue = end?.Fault?.Value,
                Traceback = end?.Fault?.Traceback,
                StateLost = end?.StateLost == true,
                ReplRestarted = run.ReplRestarted,
                Warnings = run.Warnings,
                Images = output.Values.Count(HasImage),
                TimeoutSeconds = run.TimeoutSeconds,
            },
            settings.MaxTextCharacters - last.Length - 1);
        if (end is null && output.Text.Length == 0) return last;
        return text.EndsWith('\n') ? text + last : $"{text}\n{last}";
    }

    // Models copy what they need for the next call from here.
    private static string LastLine(RunReport run)
    {
        var (output, names) = (run.Output, $"sandbox_id {run.SandboxId}");
        if (output.End is null) return $"[still running; call read_run with {names}, run_id {run.RunId} and after {output.LastSeq}]";
        return output.IsFull ? $"[more output; call read_run with {names}, run_id {run.RunId} and after {output.LastSeq}]" : $"[{names}]";
    }

    private static JsonElement DataOf(RunReport run, McpSettings settings)
    {
        var (output, end, most) = (run.Output, run.Output.End, settings.MaxTextCharacters);
        var (stdout, stderr) = (output.Stdout, output.Stderr);
        var values = output.Values.Select(value => value.Text).Where(text => text.Length > 0).ToArray();
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("sandbox_id"u8, run.SandboxId);
            json.WriteString("run_id"u8, run.RunId);
            json.WriteString("state"u8, end is null ? "running"u8 : "ended"u8);
            if (end is not null) json.WriteNumber("exit_code"u8, end.ExitCode);
            if (end?.Reason is { } reason) json.WriteString("reason"u8, reason);
            if (end is { StateLost: true }) json.WriteBoolean("state_lost"u8, true);
            json.WriteString("stdout"u8, ModelText.Shorten(stdout, most));
            json.WriteString("stderr"u8, ModelText.Shorten(stderr, most));
            json.WriteBoolean("truncated"u8, output.IsFull || Math.Max(stdout.Length, stderr.Length) > most || values.Any(text => text.Length > most));
            json.WriteStartArray("results"u8);
            foreach (var text in values)
            {
                json.WriteStartObject();
                json.WriteString("text/plain"u8, ModelText.Shorten(text, most));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (end?.Fault is { } fault) WriteFault(json, fault, most);
            json.WriteNumber("last_seq"u8, output.LastSeq);
            json.WriteEndObject();
        }

        return JsonElement.Parse(buffer.WrittenSpan);
    }

    private static void WriteFault(Utf8JsonWriter json, RunFault fault, int most)
    {
        json.WriteStartObject("error"u8);
        if (fault.Name is { } name) json.WriteString("name"u8, name);
        if (fault.Value is { } value) json.WriteString("value"u8, ModelText.Shorten(value, most));
        if (fault.Traceback is { } traceback) json.WriteString("traceback"u8, ModelText.Shorten(traceback, most));
        json.WriteEndObject();
    }

    private static bool HasImage(RunValue value) => value.Data.Keys.Any(type => type.StartsWith("image/", StringComparison.Ordinal));

    private static (byte[] Bytes, string Type)? ImageOf(RunValue value)
    {
        foreach (var type in ImageTypes)
        {
            if (value.Data.TryGetValue(type, out var data) && data.ValueKind is JsonValueKind.String && data.TryGetBytesFromBase64(out var bytes)) return (bytes, type);
        }

        return null;
    }
}

/// <summary>What an answer about a run is made of.</summary>
/// <param name="TimeoutSeconds">The time limit of the run; null if it is not known.</param>
internal sealed record RunReport(string SandboxId, string RunId, RunOutput Output)
{
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public bool ReplRestarted { get; init; }

    public double? TimeoutSeconds { get; init; }
}
