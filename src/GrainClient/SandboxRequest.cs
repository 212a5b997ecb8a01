using System.Collections.Immutable;
using Podflare.Sandboxes;

namespace Podflare.GrainClient;

/// <summary>What is wanted of a sandbox. The hosts bring down what is over the template.</summary>
public sealed record SandboxRequest
{
    private const int MaxRamMib = 1024 * 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>Image and limits, as the cluster names them. Default: <c>default</c>.</summary>
    public string Template { get; init; } = "default";

    /// <summary>From creation to the end, busy or not. Default: 24 h.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Time without an open run or file call after which it ends. Default: 30 min.</summary>
    public TimeSpan IdleLimit { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Memory in MiB; null takes the template's.</summary>
    public int? RamMib { get; init; }

    /// <summary>A way out to the network, where the hosts offer one. Default: false.</summary>
    public bool Egress { get; init; }

    /// <summary>
    /// Hosts that it may reach over HTTPS, where the hosts of the cluster offer that: at most 64 names such as <c>api.example.com</c>, and patterns such as
    /// <c>*.example.com</c> for all names below one. With it, <see cref="Egress"/> has no effect. Default: none.
    /// </summary>
    public IReadOnlyList<string> EgressHosts { get; init; } = [];

    /// <summary>To find it again: 32 pairs, keys of 1 to 64 and values of at most 512 characters.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Variables of every run, 64 KiB in all.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Only one sandbox is created for each key within 24 h, no matter how often and by which client, HTTP clients included. Null uses a random key, so that retries of this call are safe.</summary>
    public string? IdempotencyKey { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range; the text names it.</exception>
    internal SandboxSpec ToSpec()
    {
        Checks.Duration(Lifetime, Longest, nameof(Lifetime));
        Checks.Duration(IdleLimit, Longest, nameof(IdleLimit));
        if (RamMib is <= 0 or > MaxRamMib) throw new ArgumentException($"{nameof(RamMib)} must be 1 to {MaxRamMib}.");
        Checks.Metadata(Metadata);
        Checks.Env(Env, nameof(Env));
        var hosts = Checks.Hosts(EgressHosts, nameof(EgressHosts));
        return new SandboxSpec(Template, Lifetime, IdleLimit, RamMib, null, Egress && hosts.IsEmpty, Checks.Sorted(Metadata), Checks.Sorted(Env)) { EgressHosts = hosts };
    }
}
