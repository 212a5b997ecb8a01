using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;
using Podflare.Cli.Sandboxes;

namespace Podflare.Cli.Telemetry;

/// <summary><c>podflare trace</c>: the spans of a run as a waterfall.</summary>
internal static class TraceCommand
{
    public static Command Create(GlobalOptions global)
    {
        var id = SandboxCommands.Id(global);
        var run = new Argument<string>("run") { Description = "Run ID: run_ and 32 hex digits" };
        var command = new Command("trace", "Show the spans of a run, and of what its programs sent, as a waterfall") { id, run };
        return command.WithAction(global, async context =>
        {
            var text = await context.GetTextAsync($"v1/sandboxes/{Uri.EscapeDataString(context.Value(id)!)}/runs/{Uri.EscapeDataString(context.Value(run)!)}/trace");
            if (context.IsJson)
            {
                context.Screen.Line(text);
                return 0;
            }

            using var trace = JsonDocument.Parse(text);
            foreach (var line in Waterfall.Of(trace.RootElement)) context.Screen.Line(line);
            return 0;
        }).WithExamples(
            ("See where the time of a run went", "podflare trace $ID $RUN"),
            ("Give it to a tool that reads OTLP", "podflare trace $ID $RUN --json > trace.json"));
    }
}

/// <summary>Spans as lines: the tree of their names, a bar for their time, and how long they took.</summary>
internal static class Waterfall
{
    private const int BarWidth = 40;
    private const int MaxNameWidth = 48;

    /// <param name="trace">OTLP's <c>TracesData</c> in JSON.</param>
    public static IReadOnlyList<string> Of(JsonElement trace)
    {
        Span[] spans = [.. ReadAll(trace).OrderBy(span => span.Start).ThenByDescending(span => span.End)];
        if (spans.Length == 0) return [];
        var (first, last) = (spans.Min(span => span.Start), spans.Max(span => span.End));
        List<(string Name, Span Span)> rows = [];
        // Spans whose parent is not here are at the top: the run's own, whose parent is the caller's, and traces of their own.
        var known = spans.Select(span => span.Id).ToHashSet(StringComparer.Ordinal);
        var shown = new HashSet<string>(StringComparer.Ordinal);
        foreach (var span in spans.Where(span => !known.Contains(span.Parent))) Add(span, 0);
        // A circle of parents has no top.
        foreach (var span in spans.Where(span => !shown.Contains(span.Id))) Add(span, 0);
        var width = Math.Min(MaxNameWidth, rows.Max(row => row.Name.Length));
        return [.. rows.Select(row => $"{Fit(row.Name, width)}  {Bar(row.Span, first, last)}  {Duration(row.Span)}{(row.Span.IsError ? "  error" : "")}")];

        void Add(Span span, int depth)
        {
            if (!shown.Add(span.Id)) return;
            rows.Add((new string(' ', 2 * depth) + span.Name, span));
            foreach (var child in spans.Where(other => other.Parent == span.Id)) Add(child, depth + 1);
        }
    }

    private static IEnumerable<Span> ReadAll(JsonElement trace)
    {
        if (!trace.TryGetProperty("resourceSpans", out var resources)) yield break;
        foreach (var span in resources.EnumerateArray().SelectMany(resource => List(resource, "scopeSpans")).SelectMany(scope => List(scope, "spans")))
        {
            var isError = span.TryGetProperty("status", out var status) && status.TryGetProperty("code", out var code) && code.ValueKind is JsonValueKind.Number && code.GetInt32() == 2;
            yield return new Span(span.Text("spanId") ?? "", span.Text("parentSpanId") ?? "", Clean(span.Text("name") ?? ""), Time(span, "startTimeUnixNano"), Time(span, "endTimeUnixNano"), isError);
        }
    }

    private static IEnumerable<JsonElement> List(JsonElement json, string name) => json.TryGetProperty(name, out var list) ? list.EnumerateArray() : [];

    private static long Time(JsonElement span, string name) => long.TryParse(span.Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var time) ? time : 0;

    // Programs choose the names, which must not move the cursor.
    private static string Clean(string name) => string.Concat(name.Select(character => char.IsControl(character) ? '?' : character));

    private static string Fit(string name, int width) => name.Length <= width ? name.PadRight(width) : string.Concat(name.AsSpan(0, width - 1), "…");

    private static string Bar(Span span, long first, long last)
    {
        var scale = BarWidth / (double)Math.Max(1, last - first);
        var from = Math.Clamp((int)((span.Start - first) * scale), 0, BarWidth - 1);
        var to = Math.Clamp((int)Math.Ceiling((span.End - first) * scale), from + 1, BarWidth);
        return $"|{new string(' ', from)}{new string('█', to - from)}{new string(' ', BarWidth - to)}|";
    }

    private static string Duration(Span span)
    {
        var milliseconds = Math.Max(0, span.End - span.Start) / 1e6;
        return milliseconds >= 1_000 ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1_000:0.00} s") : string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms");
    }

    private sealed record Span(string Id, string Parent, string Name, long Start, long End, bool IsError);
}
