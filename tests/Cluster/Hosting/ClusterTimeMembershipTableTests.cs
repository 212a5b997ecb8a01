using System.Net;
using Orleans.Runtime;

namespace Podflare.Hosting;

/// <summary>Rows of the membership table that silos with different clocks write and read.</summary>
public sealed class ClusterTimeMembershipTableTests(RedisFixture fixture)
{
    private static readonly TimeSpan Exactness = TimeSpan.FromSeconds(10);
    private static readonly SiloAddress Silo = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1);
    private static readonly SiloAddress Voter = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 2), 1);

    private readonly Table _table = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_silo_whose_clock_is_wrong_by_an_hour_looks_alive_to_others_and_they_to_it(int hours)
    {
        var wrong = new SettableClock();
        wrong.StepWall(TimeSpan.FromHours(hours));
        var (there, here) = (Open(wrong), Open(TimeProvider.System));

        await there.InsertRowAsync(Row(wrong), new TableVersion(1, "1"), Cancelled);
        AssertNow(await ReadAsync(here), TimeProvider.System);
        AssertNow(await ReadAsync(there), wrong);

        await here.UpdateRowAsync(Row(TimeProvider.System), "1", new TableVersion(2, "2"), Cancelled);
        AssertNow(await ReadAsync(there), wrong);

        await there.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = Silo, IAmAliveTime = wrong.GetUtcNow().UtcDateTime }, Cancelled);
        var alive = await ReadAsync(here);
        Assert.Equal(default, alive.StartTime);
        AssertNow(alive.IAmAliveTime, TimeProvider.System);
    }

    [Fact]
    public async Task A_step_of_the_clock_of_a_silo_does_not_make_it_or_others_look_silent()
    {
        var wall = new SettableClock();
        var table = Open(wall);
        await table.InsertRowAsync(Row(wall), new TableVersion(1, "1"), Cancelled);

        wall.StepWall(TimeSpan.FromHours(-1));
        AssertNow(await ReadAsync(table), wall);

        await table.UpdateRowAsync(Row(wall), "1", new TableVersion(2, "2"), Cancelled);
        AssertNow(await ReadAsync(Open(TimeProvider.System)), TimeProvider.System);
    }

    [Fact]
    public async Task Rows_are_left_as_they_are_where_clocks_agree()
    {
        var table = Open(TimeProvider.System);
        var row = Row(TimeProvider.System);

        await table.InsertRowAsync(row, new TableVersion(1, "1"), Cancelled);

        Assert.Same(row, await ReadAsync(table));
    }

    [Fact]
    public async Task Dead_rows_expire_by_the_time_of_the_cluster()
    {
        var ahead = new SettableClock();
        ahead.StepWall(TimeSpan.FromHours(1));

        await Open(ahead).CleanupDefunctSiloEntriesAsync(ahead.GetUtcNow(), Cancelled);

        AssertNow(_table.CleanedUp.UtcDateTime, TimeProvider.System);
    }

    [Fact]
    public async Task The_clock_catches_up_with_Redis_after_the_machine_was_suspended()
    {
        var time = new SettableClock();
        var clock = ClusterClock.Start(fixture.Redis, time);
        time.Suspend(TimeSpan.FromHours(8));
        Assert.InRange(TimeProvider.System.GetUtcNow() - clock.GetUtcNow(), TimeSpan.FromHours(7), TimeSpan.FromHours(9));

        await clock.CatchUpAsync(Cancelled);
        AssertNow(clock.GetUtcNow().UtcDateTime, TimeProvider.System);
    }

    private ClusterTimeMembershipTable Open(TimeProvider wall) => new(_table, ClusterClock.Start(fixture.Redis, wall), wall);

    private static MembershipEntry Row(TimeProvider clock)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return new MembershipEntry
        {
            SiloAddress = Silo,
            Status = SiloStatus.Active,
            SiloName = "worker-1",
            HostName = "localhost",
            ProxyPort = 3,
            StartTime = now,
            IAmAliveTime = now,
            SuspectTimes = [Tuple.Create(Voter, now)],
        };
    }

    private static async Task<MembershipEntry> ReadAsync(IMembershipTable table) => Assert.Single((await table.ReadAllAsync(Cancelled)).Members).Item1;

    private static void AssertNow(MembershipEntry row, TimeProvider clock)
    {
        Assert.Equal((Silo, SiloStatus.Active, "worker-1", "localhost", 3), (row.SiloAddress, row.Status, row.SiloName, row.HostName, row.ProxyPort));
        AssertNow(row.StartTime, clock);
        AssertNow(row.IAmAliveTime, clock);
        var vote = Assert.Single(row.SuspectTimes!);
        Assert.Equal(Voter, vote.Item1);
        AssertNow(vote.Item2, clock);
    }

    private static void AssertNow(DateTime time, TimeProvider clock) => Assert.InRange(time - clock.GetUtcNow().UtcDateTime, -Exactness, Exactness);

    /// <summary>A table with one row.</summary>
    private sealed class Table : IMembershipTable
    {
        private MembershipEntry? _row;

        public DateTimeOffset CleanedUp { get; private set; }

        public Task InitializeMembershipTable(bool tryInitTableVersion) => Task.CompletedTask;

        public Task DeleteMembershipTableEntries(string clusterId) => Task.CompletedTask;

        public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate)
        {
            CleanedUp = beforeDate;
            return Task.CompletedTask;
        }

        public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadAll();

        public Task<MembershipTableData> ReadAll() => Task.FromResult(new MembershipTableData([Tuple.Create(_row!, "1")], new TableVersion(1, "1")));

        public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion)
        {
            _row = entry;
            return Task.FromResult(true);
        }

        public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => InsertRow(entry, tableVersion);

        public Task UpdateIAmAlive(MembershipEntry entry) => InsertRow(entry, null!);
    }
}
