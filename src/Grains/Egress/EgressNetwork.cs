using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Podflare.Egress;

/// <summary>
/// The network of sandboxes with a way out. Its rules are loaded once per host and looked at again before each start: whoever flushes
/// the host's rules stops new sandboxes from having a network, not the rules from holding.
/// </summary>
public sealed partial class EgressNetwork(IOptions<EgressOptions> options, TimeProvider time, ILogger<EgressNetwork> logger) : IDisposable
{
    private const string BridgeOption = "com.docker.network.bridge";
    // Only root may open it: whoever holds the lock of a folder that everybody may write to could keep every sandbox from starting.
    private const string LockFile = "/run/podflare/egress.lock";
    private const string BridgeFilter = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(50);

    private readonly EgressRules _rules = new(options.Value);
    private readonly Firewall _firewall = new(options.Value, time);
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>The network's name.</summary>
    public string Name => options.Value.Network;

    public IReadOnlyList<string> Dns => options.Value.DnsServers;

    /// <summary>Returns when the rules are in force and the network is there; makes what is missing, the rules first.</summary>
    /// <exception cref="EgressException">It can't be done here.</exception>
    public async Task EnsureAsync(DockerClient docker, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (!_rules.AreIn(await _firewall.ListAsync())) await LoadAsync(cancellationToken);
            await EnsureNetworkAsync(docker, cancellationToken);
            // Off, frames between two sandboxes would pass the bridge without meeting a rule.
            if (!File.Exists(BridgeFilter) || (await File.ReadAllTextAsync(BridgeFilter, cancellationToken)).Trim() != "1")
                throw new EgressException($"{BridgeFilter} is not 1");
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    // Another worker of this host may be doing the same.
    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        await using var held = await LockAsync(cancellationToken);
        var listed = await _firewall.ListAsync();
        if (_rules.AreIn(listed)) return;
        await _firewall.RestoreAsync(_rules.Text);
        var lines = listed.Split('\n').Select(line => line.Trim()).ToHashSet();
        foreach (var jump in _rules.Jumps.Where(jump => !lines.Contains($"-A {jump}"))) await _firewall.InsertAsync(jump);
        if (!_rules.AreIn(await _firewall.ListAsync())) throw new EgressException("the rules were loaded, and are not listed");
        LogLoaded(Name, _rules.Mark);
    }

    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + TimeSpan.FromSeconds(options.Value.LoadSeconds);
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(LockFile)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (time.GetUtcNow() > until) throw new EgressException($"{LockFile} can't be had: {e.Message}");
            }

            await Task.Delay(LockPause, time, cancellationToken);
        }
    }

    private async Task EnsureNetworkAsync(DockerClient docker, CancellationToken cancellationToken)
    {
        if (await IsThereAsync(docker, cancellationToken)) return;
        // The engine would make two of one name.
        await using var held = await LockAsync(cancellationToken);
        if (await IsThereAsync(docker, cancellationToken)) return;
        await docker.Networks.CreateNetworkAsync(
            new NetworksCreateParameters
            {
                Name = Name,
                Driver = "bridge",
                EnableIPv6 = false,
                Options = Wanted(),
                IPAM = options.Value.Subnet is { } subnet ? new IPAM { Config = [new IPAMConfig { Subnet = subnet }] } : null,
            },
            cancellationToken);
    }

    private async Task<bool> IsThereAsync(DockerClient docker, CancellationToken cancellationToken)
    {
        NetworkResponse found;
        try
        {
            found = await docker.Networks.InspectNetworkAsync(Name, cancellationToken);
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound)
        {
            return false;
        }

        if (Wanted().Any(pair => found.Options?.TryGetValue(pair.Key, out var value) is not true || value != pair.Value))
            throw new EgressException($"the engine has a network {Name} that is not ours; remove it, or name another in {EgressOptions.Section}:Network");
        return true;
    }

    private Dictionary<string, string> Wanted() => new()
    {
        // The rules know the bridge by its name.
        [$"{BridgeOption}.name"] = Name,
        [$"{BridgeOption}.enable_icc"] = "false",
    };

    [LoggerMessage(LogLevel.Information, "Loaded the rules of network {Network}, mark {Mark}.")]
    private partial void LogLoaded(string network, string mark);
}
