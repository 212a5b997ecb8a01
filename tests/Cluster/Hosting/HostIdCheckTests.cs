using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using Podflare.Hosts;

namespace Podflare.Hosting;

/// <summary>A worker whose row in the membership table looks old: is it dead, or does it only fail to renew its row?</summary>
public sealed class HostIdCheckTests : IDisposable
{
    private const string Host = "0000000a";

    private readonly TcpListener _other = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public HostIdCheckTests() => _other.Start();

    public void Dispose()
    {
        _other.Dispose();
        _ended.Dispose();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_worker_waits_for_one_with_its_host_id_that_accepts_connections()
    {
        var table = new OldRow((IPEndPoint)_other.LocalEndpoint);

        var starting = StartAsync(table);
        await Task.WhenAny(starting, table.WasReadTwice);

        Assert.False(starting.IsCompleted);
        await _ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_worker_does_not_wait_for_one_with_its_host_id_that_is_gone()
    {
        var endpoint = (IPEndPoint)_other.LocalEndpoint;
        _other.Stop();

        await StartAsync(new OldRow(endpoint));
    }

    private Task StartAsync(IMembershipTable table)
    {
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        var services = new ServiceCollection().AddSingleton(table).BuildServiceProvider();
        new HostIdCheck(new LocalHost(Host), new ThisSilo(), services, TimeProvider.System, NullLogger<HostIdCheck>.Instance).Participate(lifecycle);
        return lifecycle.OnStart(_ended.Token);
    }

    private sealed class ThisSilo : ILocalSiloDetails
    {
        public string Name => $"worker-{Host}";

        public string ClusterId => "cluster";

        public string DnsHostName => "localhost";

        public SiloAddress SiloAddress { get; } = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1);

        public SiloAddress GatewayAddress => SiloAddress;
    }

    /// <summary>A table with the row of another worker with the host id, renewed an hour ago.</summary>
    private sealed class OldRow(IPEndPoint endpoint) : IMembershipTable
    {
        private readonly TaskCompletionSource _readTwice = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _reads;

        public Task WasReadTwice => _readTwice.Task;

        public Task<MembershipTableData> ReadAll()
        {
            if (++_reads == 2) _readTwice.SetResult();
            var anHourAgo = TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromHours(1);
            var row = new MembershipEntry { SiloAddress = SiloAddress.New(endpoint, 1), SiloName = $"worker-{Host}", Status = SiloStatus.Active, StartTime = anHourAgo, IAmAliveTime = anHourAgo };
            return Task.FromResult(new MembershipTableData([Tuple.Create(row, "1")], new TableVersion(1, "1")));
        }

        public Task InitializeMembershipTable(bool tryInitTableVersion) => throw new NotSupportedException();

        public Task DeleteMembershipTableEntries(string clusterId) => throw new NotSupportedException();

        public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => throw new NotSupportedException();

        public Task<MembershipTableData> ReadRow(SiloAddress key) => throw new NotSupportedException();

        public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => throw new NotSupportedException();

        public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => throw new NotSupportedException();

        public Task UpdateIAmAlive(MembershipEntry entry) => throw new NotSupportedException();
    }
}
