using System.Text;
using System.Text.Json;
using Podflare.Content;
using Podflare.Otlp;
using Podflare.Runs;
using Podflare.Telemetry;

namespace Podflare.Destinations;

/// <summary>Adds the code and the output of a run to its span, as OpenInference and OpenTelemetry's conventions name them.</summary>
internal sealed class RunContentView(ContentRenderer renderer)
{
    private const string Lost = "podflare.content.lost";
    private const string Truncated = "podflare.content.truncated";

    /// <param name="trace">As <see cref="Traces.RunTraceView"/> makes it: the run's own span is the first.</param>
    /// <param name="content">Null where it died with another process.</param>
    /// <param name="redact">The tenant's patterns.</param>
    public void Add(OtlpMessage trace, RunRecord run, RunContent? content, IEnumerable<string> redact)
    {
        if (run.Kind is not (RunKind.Code or RunKind.Process)) return;
        var span = trace.List("resourceSpans")[0].List("scopeSpans")[0].List("spans")[0];
        if (content is null or { IsIncomplete: true }) span.With(Lost, true);
        if (content is null) return;
        var secrets = renderer.SecretsOf(content, redact);
        var (code, isCodeCut) = renderer.Render(content.Code, secrets);
        var (stdout, isStdoutCut) = renderer.Render(content.Stdout, secrets);
        var (stderr, isStderrCut) = renderer.Render(content.Stderr, secrets);
        var isPython = run is { Kind: RunKind.Code, Language: RunLanguage.Python };
        if (content.Code is not null)
        {
            span.With("input.value", code).With("input.mime_type", isPython ? "text/x-python" : "text/x-shellscript");
            span.With("gen_ai.tool.call.arguments", Json(json =>
            {
                json.WriteString("code", code);
                json.WriteString("language", isPython ? "python" : "bash");
            }));
        }

        span.With("output.value", stdout).With("output.mime_type", "text/plain");
        span.With("gen_ai.tool.call.result", Json(json =>
        {
            json.WriteNumber("exit_code", run.Ending!.Code);
            json.WriteString("stdout", stdout);
            json.WriteString("stderr", stderr);
        }));
        if (isCodeCut || isStdoutCut || isStderrCut) span.With(Truncated, true);
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
