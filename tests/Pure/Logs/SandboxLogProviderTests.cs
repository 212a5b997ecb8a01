using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Logs;

public sealed class SandboxLogProviderTests
{
    private const string T = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static readonly SandboxId Sandbox = SandboxId.New("00000001");
    private static readonly RunId Run = RunId.New();

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero));
    private readonly SandboxTraces _traces = new();
    private readonly SandboxLogBuffer _buffer = new(Microsoft.Extensions.Options.Options.Create(new SandboxLogOptions { SandboxLines = 10, MaxPendingLines = 100 }));
    private readonly SandboxLogProvider _provider;

    public SandboxLogProviderTests()
    {
        _traces.Note(Sandbox, "acme", new TraceBinding($"00-{T}-00f067aa0ba902b7-01"));
        _provider = new SandboxLogProvider(_buffer, _traces, _time, SandboxLogProvider.Worker);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_line_that_names_a_sandbox_is_collected_with_its_run_and_trace()
    {
        Log(LogLevel.Warning, $"Killed run {Run} in sandbox {Sandbox}.");
        Assert.Equal(new SandboxLogLine(_time.GetUtcNow(), "warn", $"Killed run {Run} in sandbox {Sandbox}.", "worker", Run.Value, T), Assert.Single(Taken(Sandbox)));
    }

    [Theory]
    [InlineData(LogLevel.Debug, "Podflare.Runs.X", "Sandbox {0}")]
    [InlineData(LogLevel.Error, "Orleans.Runtime", "Sandbox {0}")]
    [InlineData(LogLevel.Error, "Podflare.Audit.AuditGrain", "Sandbox {0}")]
    [InlineData(LogLevel.Error, "Podflare.Runs.X", "Host 00000001")]
    public void Other_lines_are_not(LogLevel level, string category, string message)
    {
        Log(level, string.Format(null, message, Sandbox), category);
        Assert.Empty(_buffer.TakeAll());
    }

    [Fact]
    public void Neither_an_exceptions_text_nor_a_line_of_a_call_that_is_not_kept_is_collected()
    {
        _provider.CreateLogger("Podflare.X").Log(
            LogLevel.Error, default, "state", new InvalidOperationException("secret"), (_, exception) => $"Sandbox {Sandbox} failed. {exception?.Message}");
        Assert.Equal($"Sandbox {Sandbox} failed. ", Assert.Single(Taken(Sandbox)).Message);
        LogCall.Current = new LogCall("1", null) { Sandbox = Sandbox.Value, IsKept = false };
        Log(LogLevel.Error, $"Sandbox {Sandbox}");
        LogCall.Current = null;
        Assert.Empty(_buffer.TakeAll());
    }

    [Fact]
    public async Task What_could_not_be_stored_is_stored_later_in_its_order_and_what_is_too_much_is_counted()
    {
        var log = new OutageLog(_time);
        var writer = new SandboxLogWriter(_buffer, log, _time, NullLogger<SandboxLogWriter>.Instance);
        Add(0, 4);
        await writer.FlushAsync(Cancel);
        Add(4, 9);
        await writer.FlushAsync(Cancel);
        log.Answers = true;
        Add(13, 12);
        await writer.FlushAsync(Cancel);

        var page = await log.ReadAsync(Sandbox, 0, 100, Cancel);

        Assert.Equal(Enumerable.Range(15, 10).Select(i => $"{Sandbox} {i}"), page.Lines.Select(line => line.Message));
        Assert.Equal((25, 15), (page.NextAfter, page.Dropped));
    }

    [Fact]
    public void One_sandbox_cannot_fill_the_buffer_and_all_together_cannot_exceed_it()
    {
        SandboxId[] sandboxes = [.. Enumerable.Range(0, 20).Select(_ => SandboxId.New("00000001"))];
        foreach (var sandbox in sandboxes)
            for (var i = 0; i < 15; i++) Log(LogLevel.Information, $"{sandbox} {i}");
        var taken = _buffer.TakeAll();
        Assert.Equal(100, taken.Values.Sum(pending => pending.Lines.Count));
        Assert.All(taken.Values, pending => Assert.Equal((10, 5L), (pending.Lines.Count, pending.Dropped)));
    }

    [Theory]
    [InlineData("Cannot read /var/lib/podflare/hosts/1/x.sock now.", "Cannot read (path) now.")]
    [InlineData("'/tmp/a b' is wrong (/proc/1/fd).", "'(path) b' is wrong ((path)).")]
    [InlineData("GET /v1/sandboxes/{id}/runs/{run} answered 503 in 1.5 ms.", "GET /v1/sandboxes/{id}/runs/{run} answered 503 in 1.5 ms.")]
    [InlineData("POST /compat/podflare/v1/sandboxes answered 200.", "POST /compat/podflare/v1/sandboxes answered 200.")]
    [InlineData("Connection to 10.0.0.12:5123 ended.", "Connection to (address) ended.")]
    [InlineData("Connection to [fe80::1%3]:80 and ::ffff:10.1.2.3.", "Connection to [(address)%3]:80 and (address).")]
    [InlineData("At 12:00:01, template a/b, guest 3/s, https://example.com/x.", "At 12:00:01, template a/b, guest 3/s, https://example.com/x.")]
    public async Task Stored_messages_have_neither_paths_nor_addresses_of_hosts(string message, string clean)
    {
        var log = new OutageLog(_time) { Answers = true };
        Log(LogLevel.Information, $"{Sandbox} {message}");
        using var writer = new SandboxLogWriter(_buffer, log, _time, NullLogger<SandboxLogWriter>.Instance);

        await writer.FlushAsync(Cancel);

        Assert.Equal($"{Sandbox} {clean}", Assert.Single((await log.ReadAsync(Sandbox, 0, 100, Cancel)).Lines).Message);
    }

    [Theory]
    [InlineData("a", 3_000)]
    [InlineData("é", 1_100)]
    [InlineData("😀", 600)]
    public void Messages_are_cut_between_characters(string character, int count)
    {
        var clean = SandboxLogText.Clean(string.Concat(Enumerable.Repeat(character, count)));
        Assert.InRange(Encoding.UTF8.GetByteCount(clean), SandboxLogText.MaxBytes - 4, SandboxLogText.MaxBytes);
        Assert.DoesNotContain('\uFFFD', clean);
        Assert.EndsWith($"{character}…", clean, StringComparison.Ordinal);
    }

    private void Add(int from, int count)
    {
        for (var i = from; i < from + count; i++) Log(LogLevel.Information, $"{Sandbox} {i}");
    }

    private void Log(LogLevel level, string message, string category = "Podflare.Runs.X")
    {
        var logger = _provider.CreateLogger(category);
        if (logger.IsEnabled(level)) logger.Log(level, default, message, null, (text, _) => text);
    }

    private IReadOnlyCollection<SandboxLogLine> Taken(SandboxId sandbox) => _buffer.TakeAll()[sandbox.Value].Lines;

    private sealed class OutageLog(TimeProvider time) : ISandboxLog
    {
        private readonly MemorySandboxLog _log = new(Microsoft.Extensions.Options.Options.Create(new SandboxLogOptions { SandboxLines = 10 }), time);

        public bool Answers { get; set; }

        public Task AppendAsync(SandboxId sandbox, IReadOnlyList<SandboxLogLine> lines, long dropped, CancellationToken cancellationToken) =>
            Answers ? _log.AppendAsync(sandbox, lines, dropped, cancellationToken) : throw new StorageUnavailableException();

        public Task<SandboxLogPage> ReadAsync(SandboxId sandbox, long after, int count, CancellationToken cancellationToken) => _log.ReadAsync(sandbox, after, count, cancellationToken);
    }
}
