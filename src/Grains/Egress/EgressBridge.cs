using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging;

namespace Podflare.Egress;

/// <summary>
/// One network of the engine with its rules. The rules are loaded once per host and looked at again before each start: if they are flushed,
/// new sandboxes get no network until they are back.
/// </summary>
internal sealed partial class EgressBridge(
    string name, string? subnet, Func<IPAddress?, EgressRules> rulesOf, EgressOptions options, Firewall firewall, TimeProvider time, ILogger logger) : IDisposable
{
    private const string BridgeOption = "com.docker.network.bridge";
    // Only root may open it. In a folder that everybody may write to, any user could hold the lock and keep every sandbox from starting.
    private const string LockFile = "/run/podflare/egress.lock";
    private const string BridgeFilter = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>The name of the network and of its bridge.</summary>
    public string Name => name;

    /// <summary>Returns when the rules are in force and the network is there; makes what is missing, the rules first.</summary>
    /// <returns>The host's address on the bridge.</returns>
    /// <exception cref="EgressException">It can't be done here.</exception>
    public async Task<IPAddress> EnsureAsync(DockerClient docker, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var gateway = await FindAsync(docker, cancellationToken);
            await EnsureRulesAsync(rulesOf(gateway), cancellationToken);
            if (gateway is null)
            {
                gateway = await CreateAsync(docker, cancellationToken);
                await EnsureRulesAsync(rulesOf(gateway), cancellationToken);
            }

            // Off, frames between two sandboxes would pass the bridge without meeting a rule.
            if (!File.Exists(BridgeFilter) || (await File.ReadAllTextAsync(BridgeFilter, cancellationToken)).Trim() != "1")
                throw new EgressException($"{BridgeFilter} is not 1");
            return gateway;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task EnsureRulesAsync(EgressRules rules, CancellationToken cancellationToken)
    {
        if (!rules.AreIn(await firewall.ListAsync())) await LoadAsync(rules, cancellationToken);
    }

    // Another worker of this host may be doing the same.
    private async Task LoadAsync(EgressRules rules, CancellationToken cancellationToken)
    {
        await using var held = await LockAsync(cancellationToken);
        var listed = await firewall.ListAsync();
        if (rules.AreIn(listed)) return;
        await firewall.RestoreAsync(rules.Text);
        var lines = listed.Split('\n').Select(line => line.Trim()).ToHashSet();
        foreach (var jump in rules.Jumps.Where(jump => !lines.Contains($"-A {jump}"))) await firewall.InsertAsync(jump);
        if (!rules.AreIn(await firewall.ListAsync())) throw new EgressException("the rules were loaded, and are not listed");
        LogLoaded(name, rules.Mark);
    }

    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + TimeSpan.FromSeconds(options.LoadSeconds);
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

    private async Task<IPAddress> CreateAsync(DockerClient docker, CancellationToken cancellationToken)
    {
        // The engine would make two of one name.
        await using var held = await LockAsync(cancellationToken);
        if (await FindAsync(docker, cancellationToken) is { } there) return there;
        await docker.Networks.CreateNetworkAsync(
            new NetworksCreateParameters
            {
                Name = name,
                Driver = "bridge",
                EnableIPv6 = false,
                Options = Wanted(),
                IPAM = subnet is null ? null : new IPAM { Config = [new IPAMConfig { Subnet = subnet }] },
            },
            cancellationToken);
        return await FindAsync(docker, cancellationToken) ?? throw new EgressException($"the engine made a network {name} and does not list it");
    }

    private async Task<IPAddress?> FindAsync(DockerClient docker, CancellationToken cancellationToken)
    {
        NetworkResponse found;
        try
        {
            found = await docker.Networks.InspectNetworkAsync(name, cancellationToken);
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound)
        {
            return null;
        }

        if (Wanted().Any(pair => found.Options?.TryGetValue(pair.Key, out var value) is not true || value != pair.Value))
            throw new EgressException($"the engine has a network {name} that is not ours; remove it, or name another in {EgressOptions.Section}:Network");
        // Not all engines tell the address of a network that they have given one themselves.
        var bridge = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(one => one.Name == name);
        return bridge?.GetIPProperties().UnicastAddresses.Select(one => one.Address).FirstOrDefault(address => address.AddressFamily is AddressFamily.InterNetwork)
            ?? throw new EgressException($"there is no bridge {name} with an address; does the worker share the engine's network namespace?");
    }

    private Dictionary<string, string> Wanted() => new()
    {
        // The rules know the bridge by its name.
        [$"{BridgeOption}.name"] = name,
        [$"{BridgeOption}.enable_icc"] = "false",
    };

    [LoggerMessage(LogLevel.Information, "Loaded the rules of network {Network}, mark {Mark}.")]
    private partial void LogLoaded(string network, string mark);
}
