using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using Podflare.Tenants;

namespace Podflare.Traffic;

public sealed class TenantTrafficTests
{
    private static readonly ImmutableDictionary<string, int> None = ImmutableDictionary<string, int>.Empty;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 30, 12, 0, 30, TimeSpan.Zero));

    [Fact]
    public void An_hour_is_kept_and_what_is_older_goes()
    {
        var traffic = new TenantTraffic(_time);
        for (var minute = 0; minute < 90; minute++)
        {
            traffic.RecordRun(TimeSpan.FromMilliseconds(5), failed: minute % 2 == 0);
            if (minute % 10 == 0) traffic.RecordCreate(TimeSpan.FromMilliseconds(3));
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        var minutes = traffic.Read(None).Minutes;
        Assert.Equal((59, 59, 5), (minutes.Length, minutes.Sum(minute => minute.Runs), minutes.Sum(minute => minute.Creates)));
        Assert.Equal(59, minutes.Sum(minute => minute.RunTimes.Sum()));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Empty(traffic.Read(None).Minutes);
    }

    [Fact]
    public void Open_runs_execute_or_wait()
    {
        var traffic = new TenantTraffic(_time);
        traffic.Change(3, 0);
        traffic.Change(0, 1);
        Assert.Equal((1, 2), traffic.Read(None) is var now ? (now.ActiveRuns, now.QueuedRuns) : default);
        traffic.Change(-1, -1);
        traffic.Change(-2, 0);
        Assert.Equal((0, 0), traffic.Read(None) is var later ? (later.ActiveRuns, later.QueuedRuns) : default);
    }

    [Fact]
    public void The_tenant_that_was_quiet_for_longest_goes_but_none_with_open_runs()
    {
        var log = new TrafficLog(_time);
        log.Of(new TenantId("busy")).Change(1, 1);
        log.Of(new TenantId("quiet")).RecordCreate(TimeSpan.Zero);
        for (var i = 0; i < TrafficLog.MaxTenants; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            log.Of(new TenantId($"t{i}")).RecordCreate(TimeSpan.Zero);
        }

        Assert.Equal(1, log.Of(new TenantId("busy")).Read(None).ActiveRuns);
        Assert.Empty(log.Of(new TenantId("quiet")).Read(None).Minutes);
        Assert.Single(log.Of(new TenantId($"t{TrafficLog.MaxTenants - 1}")).Read(None).Minutes);
    }
}
