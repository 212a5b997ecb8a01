using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using Podflare.Telemetry;

namespace Podflare.Resources;

public sealed class ResourceSeriesTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _time = new(Start);

    [Fact]
    public void A_point_has_the_cpus_that_were_used_since_the_one_before()
    {
        var series = Create();
        Record(series, 1.0);
        Record(series, 1.5);
        Record(series, 3.5);

        var points = series.Read(null, null, TimeSpan.FromSeconds(0.75));

        Assert.Equal([null, 0.05, 0.2], points.Select(point => point.Cpu));
        Assert.Equal([0.25, 0.75, 2.75], points.Select(point => point.CpuTime.TotalSeconds));
        Assert.Equal([10, 20, 30], points.Select(point => (point.At - Start).TotalSeconds));
    }

    [Fact]
    public void The_oldest_points_make_room_and_a_range_includes_its_ends()
    {
        var series = Create(points: 10);
        for (var i = 1; i <= 12; i++) Record(series, i);

        Assert.Equal(Start.AddSeconds(30), series.Read(null, null, default)[0].At);
        Assert.Equal(10, series.Read(null, null, default).Length);
        var range = series.Read(Start.AddSeconds(50), Start.AddSeconds(60), default);
        Assert.Equal([50.0, 60], range.Select(point => (point.At - Start).TotalSeconds));
        Assert.Equal(0.1, range[0].Cpu);
    }

    [Fact]
    public void Samples_come_every_ten_seconds_and_with_each_ping_for_a_minute_after_somebody_asked()
    {
        var series = Create();
        Assert.Equal([0, 10, 20, 30], Turns(series, 36));
        series.Read(null, null, default);
        Assert.Equal(Enumerable.Range(0, 30).Select(turn => turn * 2), Turns(series, 60));
        Assert.Equal([8, 18], Turns(series, 20));
    }

    [Fact]
    public void The_metrics_count_what_a_sandbox_has_used_of_its_own_and_nothing_twice()
    {
        using var metrics = new Measured();
        var series = Create(before: TimeSpan.FromSeconds(1));
        series.Count(TimeSpan.FromSeconds(1.5));
        series.Record(new ResourceSample(TimeSpan.FromSeconds(2), 100, 100, 1, 1, TimeSpan.FromSeconds(0.25), 0));
        series.Count(TimeSpan.FromSeconds(1.75));
        series.Record(new ResourceSample(TimeSpan.FromSeconds(2), 70, 100, 1, null, null, 0));
        Assert.Equal(70, metrics["podflare.sandbox.memory.usage"]);
        series.Count(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(0.5), 3);
        series.Close();
        series.Record(new ResourceSample(TimeSpan.FromSeconds(9), 9_000, 100, 1, 1, default, 0));

        Assert.Equal((2.0, 0.5, 3, 0), (metrics["podflare.sandbox.cpu.time"], metrics["podflare.sandbox.throttled.time"], metrics["podflare.sandbox.oom.kills"], metrics["podflare.sandbox.memory.usage"]));
    }

    [Fact]
    public void What_another_process_has_counted_is_not_counted_again()
    {
        using var metrics = new Measured();
        var series = Create(before: null);
        series.Record(new ResourceSample(TimeSpan.FromSeconds(100), 0, 0, 1, 5, TimeSpan.FromSeconds(50), 0));
        series.Record(new ResourceSample(TimeSpan.FromSeconds(101), 0, 0, 1, 6, TimeSpan.FromSeconds(52), 0));

        Assert.Equal((1.0, 2.0, 1), (metrics["podflare.sandbox.cpu.time"], metrics["podflare.sandbox.throttled.time"], metrics["podflare.sandbox.oom.kills"]));
    }

    private ResourceSeries Create(TimeSpan? before = null, int points = 360) => new("series", before, TimeSpan.FromSeconds(10), points, _time);

    private void Record(ResourceSeries series, double cpu)
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        series.Record(new ResourceSample(TimeSpan.FromSeconds(cpu), 1, 2, 3, 0, TimeSpan.Zero, 4));
    }

    private List<int> Turns(ResourceSeries series, int seconds)
    {
        List<int> taken = [];
        for (var second = 0; second < seconds; second += 2)
        {
            if (series.TakeTurn(Ping)) taken.Add(second);
            _time.Advance(Ping);
        }

        return taken;
    }

    /// <summary>Adds up what the instruments of sandboxes count for the template of this class.</summary>
    private sealed class Measured : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Dictionary<string, double> _sums = [];

        public Measured()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == Instruments.MeterName) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.Start();
        }

        public double this[string instrument]
        {
            get { lock (_sums) return _sums.GetValueOrDefault(instrument); }
        }

        public void Dispose() => _listener.Dispose();

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (!tags.Contains(new KeyValuePair<string, object?>("template", "series"))) return;
            lock (_sums) _sums[instrument.Name] = _sums.GetValueOrDefault(instrument.Name) + value;
        }
    }
}
