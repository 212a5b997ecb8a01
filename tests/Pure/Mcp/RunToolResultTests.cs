using System.Globalization;
using System.Text.Json;
using ModelContextProtocol.Protocol;
using Podflare.Streaming;

namespace Podflare.Mcp;

public sealed class RunToolResultTests
{
    private const string Sandbox = "sbx_1";

    public static TheoryData<string> VectorNames => [.. Vectors().Select(vector => vector.GetProperty("name").GetString()!)];

    /// <summary>The examples that the clients share. Above the last line, which names the sandbox, the text is the clients'.</summary>
    [Theory]
    [MemberData(nameof(VectorNames))]
    public void The_text_is_that_of_the_clients(string name)
    {
        var vector = Vectors().Single(one => one.GetProperty("name").GetString() == name);
        var last = $"[sandbox_id {Sandbox}]";
        var settings = new McpSettings { Version = "1", MaxTextCharacters = vector.GetProperty("max_chars").GetInt32() + last.Length + 1 };
        var output = new RunOutput(settings with { MaxTextCharacters = 1_000_000 }, after: 0);
        var lines = vector.GetProperty("events").EnumerateArray().Select(e => System.Text.Encoding.UTF8.GetBytes(e.GetRawText() + "\n")).ToArray();
        var ends = lines.Select((_, i) => lines.Take(i + 1).Sum(line => line.Length)).ToArray();
        foreach (var e in EventLines.Parse(new EventBatch(1, [.. lines.SelectMany(line => line)], ends, HasExit: true))) output.Add(e);

        var headers = vector.GetProperty("headers");
        string[] warnings = headers.TryGetProperty("podflare-warning", out var warning) ? warning.GetString()!.Split("; ") : [];
        var result = RunToolResult.Create(
            new RunReport(Sandbox, "run_1", output)
            {
                Warnings = warnings,
                ReplRestarted = headers.TryGetProperty("podflare-repl-restarted", out var _),
                TimeoutSeconds = vector.GetProperty("timeout_seconds") is { ValueKind: JsonValueKind.Number } seconds && !warnings.Any(one => one.Contains("timeout_seconds", StringComparison.Ordinal)) ? seconds.GetDouble() : null,
            },
            settings);

        var expected = vector.GetProperty("expected").GetString()!;
        Assert.Equal(expected.EndsWith('\n') ? expected + last : $"{expected}\n{last}", ((TextContentBlock)result.Content[0]).Text);
    }

    [Fact]
    public void What_does_not_fit_is_left_for_read_run()
    {
        var output = new RunOutput(new McpSettings { Version = "1", MaxTextCharacters = 1_024 }, after: 7);

        for (var seq = 8; seq < 2_000; seq++) output.Add(new RunText(seq, seq.ToString(CultureInfo.InvariantCulture).PadLeft(9) + "\n", IsError: seq % 2 == 0));
        output.Add(new RunEnd(2_000, 0, null, null, false, null));

        Assert.True(output.IsFull);
        Assert.Equal((7 + 1_024, 0), (output.LastSeq, output.End?.ExitCode));
        Assert.Equal(10_240, output.Stdout.Length + output.Stderr.Length);
    }

    [Fact]
    public void An_event_that_no_answer_has_room_for_does_not_stop_the_reader()
    {
        var output = new RunOutput(new McpSettings { Version = "1", MaxTextCharacters = 1_024 }, after: 0);

        output.Add(new RunText(1, new string('x', 100_000), IsError: false));

        Assert.Equal((false, 1), (output.IsFull, output.LastSeq));
        Assert.InRange(output.Stdout.Length, 5_000, 10_240);
    }

    // Those whose client keeps less than the whole result are about the clients: this server leaves the rest for read_run instead.
    private static IEnumerable<JsonElement> Vectors() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Folder, "clients", "vectors", "for_model.json")))
        .RootElement.GetProperty("vectors").EnumerateArray().Where(vector => vector.GetProperty("max_result_chars").ValueKind is JsonValueKind.Null);
}
