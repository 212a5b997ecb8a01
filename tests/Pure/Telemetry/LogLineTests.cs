using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Telemetry;

public sealed class LogLineTests
{
    private const string T = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string S = "00f067aa0ba902b7";
    private static readonly SandboxId Sandbox = SandboxId.New("00000001");
    private static readonly RunId Run = RunId.New();

    private readonly SandboxTraces _traces = new();

    public LogLineTests() => _traces.Note(Sandbox, "acme", new TraceBinding($"00-{T}-{S}-01"));

    [Theory]
    [InlineData("Ended sandbox {0}.", null)]
    [InlineData("The tombstone record of sandbox/{0} could not be read.", null)]
    [InlineData("A call failed.", "sandbox/{0}@1 did not answer")]
    public void Whoever_names_a_sandbox_in_a_line_tells_its_trace(string message, string? error)
    {
        var exception = error is null ? null : new TimeoutException(string.Format(null, error, Sandbox));
        var line = Write(string.Format(null, message, Sandbox), exception);
        Assert.Equal((T, S, "01", Sandbox.Value, "acme"), (Text(line, "trace_id"), Text(line, "parent_span_id"), Text(line, "trace_flags"), Text(line, "sandbox_id"), Text(line, "tenant_id")));
        Assert.Equal(exception is not null, line.TryGetProperty("exception", out _));
    }

    [Fact]
    public void A_runs_own_trace_beats_its_sandboxs()
    {
        _traces.Note(Run, new TraceBinding($"00-{S}{S}-{S}-00"));
        var line = Write($"Ended run {Run} in sandbox {Sandbox}: code 0.");
        Assert.Equal((S + S, "00", Run.Value, Sandbox.Value), (Text(line, "trace_id"), Text(line, "trace_flags"), Text(line, "run_id"), Text(line, "sandbox_id")));
    }

    [Fact]
    public void A_line_about_no_sandbox_has_no_trace()
    {
        var line = Write("Host 00000001 is ready with 3 sandboxes, sbx_ and run_1.\nA second line.");
        Assert.False(line.TryGetProperty("trace_id", out _));
        Assert.Equal(("info", "c", "2026-05-01T12:00:00.000Z"), (Text(line, "level"), Text(line, "category"), Text(line, "timestamp")));
    }

    [Fact]
    public void What_is_in_use_stays_noted_and_the_rest_goes()
    {
        var other = SandboxId.New("00000001");
        _traces.Note(other, null, new TraceBinding($"00-{S}{S}-{S}-00"));
        for (var i = 0; i < 100_000; i++)
        {
            _traces.Note(SandboxId.New("00000002"), null, new TraceBinding($"00-{T}-{S}-01"));
            if (i % 1_000 == 0) Assert.NotNull(_traces.FindSandbox(Sandbox.Value));
        }

        Assert.Null(_traces.FindSandbox(other.Value));
    }

    private JsonElement Write(string message, Exception? exception = null)
    {
        var formatter = new JsonLogFormatter(_traces, new FakeTimeProvider(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero)));
        using var console = new MemoryStream();
        using (var writer = new LogLineWriter(console, new LogLineOptions(), TimeProvider.System))
            formatter.Write(new LogEntry<string>(LogLevel.Information, "c", 0, message, exception, (state, _) => state), writer);
        var text = Encoding.UTF8.GetString(console.ToArray());
        Assert.Equal(text.Length - 1, text.IndexOf('\n', StringComparison.Ordinal));
        return JsonDocument.Parse(text).RootElement;
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString() : null;
}
