using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Podflare.Telemetry;

public sealed class LogLineWriterTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Console _console = new();

    [Fact]
    public void Lines_of_one_moment_are_written_at_once_and_an_urgent_one_takes_them_along()
    {
        using var writer = New();
        for (var i = 0; i < 100; i++) writer.Add(Line(i), urgent: false);
        Assert.Empty(_console.Writes);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(Lines(0, 100), Assert.Single(_console.Writes));
        writer.Add(Line(100), urgent: false);
        writer.Add(Line(101), urgent: true);
        Assert.Equal(Lines(100, 2), _console.Writes[1]);
        // The moment of the line that was taken along still ends, with nothing to write; the next one has its own.
        writer.Add(Line(102), urgent: false);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(Lines(102, 1), _console.Writes[2]);
    }

    [Fact]
    public void What_waits_is_bounded_and_all_of_it_is_written_at_the_end()
    {
        var writer = New();
        for (var i = 0; i < 2_000; i++) writer.Add(Line(i), urgent: false);
        Assert.NotEmpty(_console.Writes);
        Assert.All(_console.Writes, text => Assert.InRange(text.Length, 4_096, 4_200));
        writer.Dispose();
        writer.Add(Line(2_000), urgent: false);
        Assert.Equal(Lines(0, 2_001), string.Concat(_console.Writes));
    }

    [Fact]
    public async Task Lines_of_many_threads_keep_the_order_that_each_has_given_them()
    {
        using (var writer = new LogLineWriter(_console, new LogLineOptions { DelayMilliseconds = 1, MaxBytes = 4_096 }, TimeProvider.System))
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
            {
                for (var i = 0; i < 5_000; i++) writer.Add(Encoding.UTF8.GetBytes($"{thread} {i}\n"), urgent: i % 1_000 == 0);
            })));
        }

        var lines = string.Concat(_console.Writes).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToLookup(line => line[0], line => line[1]);
        for (var thread = 0; thread < 4; thread++) Assert.Equal(Enumerable.Range(0, 5_000).Select(i => $"{i}"), lines[$"{thread}"]);
    }

    [Fact]
    public void A_console_that_is_gone_fails_nobody()
    {
        using var writer = New();
        _console.IsGone = true;
        writer.Add(Line(0), urgent: true);
        _console.IsGone = false;
        writer.Add(Line(1), urgent: true);
        Assert.Equal(Lines(1, 1), Assert.Single(_console.Writes));
    }

    private LogLineWriter New() => new(_console, new LogLineOptions { MaxBytes = 4_096 }, _time);

    private static byte[] Line(int number) => Encoding.UTF8.GetBytes($"line {number}\n");

    private static string Lines(int first, int count) => string.Concat(Enumerable.Range(first, count).Select(number => $"line {number}\n"));

    private sealed class Console : MemoryStream
    {
        public List<string> Writes { get; } = [];

        public bool IsGone { get; set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (IsGone) throw new IOException("The pipe is closed.");
            Writes.Add(Encoding.UTF8.GetString(buffer));
        }
    }
}
