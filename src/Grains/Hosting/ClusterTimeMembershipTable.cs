namespace Podflare.Hosting;

/// <summary>The membership table, whose rows hold times of the cluster's clock. Orleans reads and writes them in the time of this process.</summary>
/// <remarks>
/// Orleans takes every time in a row from the wall clock of the silo that wrote it, and compares it with its own. A silo whose clock is an hour ahead
/// would take all others for silent: it would not announce itself to them when it joins, and for some seconds they would refuse to register its grains.
/// </remarks>
/// <param name="wall">The wall clock of this process, from which Orleans takes the times of rows.</param>
internal sealed class ClusterTimeMembershipTable(IMembershipTable table, ClusterClock clock, TimeProvider wall) : IMembershipTable
{
    // Clocks that agree this well need no correction. A correction that followed every millisecond would make each reading of a row a new one.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    private long _ahead;

    public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion);

    public Task DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate);

    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadRowAsync(key);

    public Task<MembershipTableData> ReadAll() => ReadAllAsync();

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => UpdateRowAsync(entry, etag, tableVersion);

    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry);

    public Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken = default) =>
        table.InitializeMembershipTableAsync(tryInitTableVersion, cancellationToken);

    public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken = default) =>
        table.DeleteMembershipTableEntriesAsync(clusterId, cancellationToken);

    public Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken = default) =>
        table.CleanupDefunctSiloEntriesAsync(beforeDate - Ahead, cancellationToken);

    public async Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken = default) =>
        ToLocal(await table.ReadRowAsync(key, cancellationToken));

    public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken = default) =>
        ToLocal(await table.ReadAllAsync(cancellationToken));

    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        table.InsertRowAsync(Shift(entry, -Ahead), tableVersion, cancellationToken);

    public Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        table.UpdateRowAsync(Shift(entry, -Ahead), etag, tableVersion, cancellationToken);

    public async Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken = default)
    {
        await clock.CatchUpAsync(cancellationToken);
        await table.UpdateIAmAliveAsync(Shift(entry, -Ahead), cancellationToken);
    }

    /// <summary>How far the wall clock of this process is ahead of the cluster's clock.</summary>
    private TimeSpan Ahead
    {
        get
        {
            var measured = wall.GetUtcNow() - clock.GetUtcNow();
            if ((measured - TimeSpan.FromTicks(Volatile.Read(ref _ahead))).Duration() > Tolerance) Volatile.Write(ref _ahead, measured.Ticks);
            return TimeSpan.FromTicks(Volatile.Read(ref _ahead));
        }
    }

    private MembershipTableData ToLocal(MembershipTableData data)
    {
        var ahead = Ahead;
        return ahead == TimeSpan.Zero ? data : new MembershipTableData([.. data.Members.Select(row => Tuple.Create(Shift(row.Item1, ahead), row.Item2))], data.Version);
    }

    private static MembershipEntry Shift(MembershipEntry entry, TimeSpan by) => by == TimeSpan.Zero
        ? entry
        : new MembershipEntry
        {
            SiloAddress = entry.SiloAddress,
            Status = entry.Status,
            SuspectTimes = entry.SuspectTimes?.ConvertAll(vote => Tuple.Create(vote.Item1, Shift(vote.Item2, by))),
            ProxyPort = entry.ProxyPort,
            HostName = entry.HostName,
            SiloName = entry.SiloName,
            RoleName = entry.RoleName,
            UpdateZone = entry.UpdateZone,
            FaultZone = entry.FaultZone,
            StartTime = Shift(entry.StartTime, by),
            IAmAliveTime = Shift(entry.IAmAliveTime, by),
        };

    // An entry that only reports that its silo is alive has no start time.
    private static DateTime Shift(DateTime time, TimeSpan by) => time == default ? time : time + by;
}
