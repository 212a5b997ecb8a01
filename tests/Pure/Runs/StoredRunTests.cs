using Podflare.Resources;
using Podflare.Telemetry;

namespace Podflare.Runs;

public sealed class StoredRunTests
{
    private static readonly DateTimeOffset Created = new(2026, 4, 18, 11, 0, 28, TimeSpan.Zero);

    private static readonly RunRecord Plain = new(RunId.New(), "hash", RunLanguage.Python, TimeSpan.FromSeconds(300), OnDisconnect.Continue, Created, Keyless: true);

    private static readonly RunEnding Ending = new(0, null, Created.AddMilliseconds(3), Created.AddMilliseconds(4), false);

    [Fact]
    public void A_short_run_of_a_warm_interpreter_fits_into_a_compact_hash()
    {
        var text = ShortRun.Write(Plain, Ending with { Execution = 1_234 }, 2, 2_468);
        Assert.True(text.Length <= 64, text);
        var read = ShortRun.Read(text);
        Assert.Equal(Ending with { Execution = 1_234 }, read.Ending);
        Assert.Equal(Plain, read.Run.ToRecord(Plain.Id, "hash"));
    }

    [Fact]
    public void The_usage_of_a_short_run_fits_into_a_compact_hash()
    {
        var largest = new ResourceUsage(86_400_000_000, 86_400_000_000, 1L << 40, 32_768, 1L << 40, 99);
        Assert.True(ShortUsage.Write(largest).Length <= 64, ShortUsage.Write(largest));
        Assert.Equal(largest, ShortUsage.Read(ShortUsage.Write(largest)));
        var unknown = new ResourceUsage(null, 0, null, null, 5, null);
        Assert.Equal(unknown, ShortUsage.Read(ShortUsage.Write(unknown)));
        Assert.Equal(("", null, null), (ShortUsage.Write(null), ShortUsage.Read(null), ShortUsage.Read("")));
        Assert.Throws<FormatException>(() => ShortUsage.Read("1 2"));
    }

    [Fact]
    public void The_usage_of_a_longer_run_is_in_its_ending()
    {
        var ending = Ending with { Usage = new ResourceUsage(1, 2, 3, 4, null, 6) };
        Assert.Equal(ending, StoredRun.ReadEnding(StoredRun.Write(ending)));
        Assert.DoesNotContain("Usage", StoredRun.Write(Ending), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(7, null)]
    [InlineData(null, true)]
    [InlineData(7, true)]
    public void A_short_run_keeps_what_its_end_says_of_the_context(int? execution, bool? lost)
    {
        var ending = Ending with { ReplRestarted = true, Execution = execution, StateLost = lost };
        Assert.Equal(ending, ShortRun.Read(ShortRun.Write(Plain with { OnDisconnect = OnDisconnect.Interrupt }, ending, 2, 3)).Ending);
    }

    [Fact]
    public void A_short_run_of_an_earlier_version_can_be_read()
    {
        var read = ShortRun.Read($"Python 300 Continue {Created.UtcTicks:x} 0 - 30000 40000 1 2 3 1");
        Assert.Equal(Ending with { ReplRestarted = true }, read.Ending);
        Assert.Equal(Plain, read.Run.ToRecord(Plain.Id, "hash"));
    }

    [Fact]
    public void What_has_no_place_in_the_short_form_is_written_in_full()
    {
        var details = new RunDetails(RunKind.Process, null, "tag", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), false, true, true);
        var record = Plain with { Timeout = RunRequest.NoTimeout, Details = details };
        Assert.Equal("", ShortRun.Write(record, Ending, 2, 3));
        Assert.Equal(record, StoredRun.ReadRun(StoredRun.Write(record)).ToRecord(record.Id, "hash"));
        var ending = Ending with { Code = 143, Signal = "SIGTERM" };
        Assert.Equal(ending, StoredRun.ReadEnding(StoredRun.Write(ending)));
    }

    [Fact]
    public void The_record_of_plain_code_is_that_of_earlier_versions() =>
        Assert.DoesNotContain("Details", StoredRun.Write(Plain), StringComparison.Ordinal);

    // An earlier version would kill it at once.
    [Fact]
    public void A_run_without_timeout_has_a_long_one_for_earlier_versions() =>
        Assert.Contains("\"Timeout\":\"36500.00:00:00\"", StoredRun.Write(Plain with { Timeout = RunRequest.NoTimeout }), StringComparison.Ordinal);
}
