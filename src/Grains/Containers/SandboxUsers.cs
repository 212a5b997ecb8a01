using System.Globalization;
using Microsoft.Extensions.Options;
using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>
/// Gives each container of this host a user number of its own. The kernel counts inotify instances, pipe buffers, queued signals and
/// descriptors in flight by user: sandboxes with one number would take them away from each other.
/// </summary>
/// <remarks>
/// A number is free again when its container is gone, and the one that has been free the longest is given next. It outlives the
/// activations of the host grain. Thread-safe.
/// </remarks>
public sealed class SandboxUsers
{
    /// <summary>The numbers between these two are left free by what systemd and distributions assign.</summary>
    public const int First = 1_879_048_192;

    /// <inheritdoc cref="First"/>
    public const int Last = 2_147_352_575;

    private readonly Lock _lock = new();
    private readonly RunFolder _folder;
    private readonly int _first;
    private readonly int _count;

    // Numbers beyond _unused have never been given: they have been free the longest.
    private readonly Queue<int> _returned = [];
    private readonly HashSet<int> _inUse = [];
    private readonly Dictionary<SandboxId, int> _taken = [];
    private readonly HashSet<SandboxId> _starting = [];
    private int _unused;

    public SandboxUsers(IOptions<IsolationOptions> options, HostIdentity owner, RunFolder folder)
    {
        _folder = folder;
        _count = options.Value.Users;
        _first = options.Value.FirstUser ?? FirstOf(owner.Host, _count);
    }

    /// <summary>Whether a number belongs to this host's block.</summary>
    public bool Owns(int user) => user >= _first && user < _first + _count;

    /// <summary>The block of a host: hosts of one engine have different ones, because they have different ids.</summary>
    /// <param name="host">8 hexadecimal digits.</param>
    public static int FirstOf(string host, int count) =>
        First + (int)(uint.Parse(host, NumberStyles.HexNumber, CultureInfo.InvariantCulture) % (uint)((Last - First + 1) / count)) * count;

    /// <summary>Takes a number for a container that is about to be started, and writes the files that name it.</summary>
    /// <param name="home">Home of its user.</param>
    /// <exception cref="ContainerStartException">All numbers are in use.</exception>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public int Take(SandboxId sandbox, string home)
    {
        int user;
        lock (_lock)
        {
            user = FindFree() ?? throw new ContainerStartException("all user numbers of this host are in use", retry: true);
            _inUse.Add(user);
            _taken[sandbox] = user;
            _starting.Add(sandbox);
        }

        _folder.WriteUserFiles(user, home);
        return user;
    }

    /// <summary>The start of the container has ended, whatever it came to: from now on a list of containers says whether it exists.</summary>
    public void EndStart(SandboxId sandbox)
    {
        lock (_lock) _starting.Remove(sandbox);
    }

    /// <summary>The engine has removed the container.</summary>
    public void Release(SandboxId sandbox)
    {
        lock (_lock)
        {
            if (!_taken.Remove(sandbox, out var user)) return;
            _starting.Remove(sandbox);
            _inUse.Remove(user);
            if (Owns(user)) _returned.Enqueue(user);
            _folder.RemoveUserFiles(user);
        }
    }

    /// <summary>Sandboxes that have a number and are not being started: a list of containers requested from here on contains theirs, unless they are gone.</summary>
    public IReadOnlyCollection<SandboxId> Settled()
    {
        lock (_lock) return [.. _taken.Keys.Where(sandbox => !_starting.Contains(sandbox))];
    }

    /// <summary>Compares with what the engine lists: numbers of containers that are gone become free, those of containers that are new to this process are taken.</summary>
    /// <param name="settled">What <see cref="Settled"/> returned before the list was asked for.</param>
    public void Reconcile(IReadOnlyCollection<SandboxId> settled, IEnumerable<HostContainer> listed)
    {
        var users = new Dictionary<SandboxId, int>();
        foreach (var container in listed) users.TryAdd(container.Sandbox, container.User);
        foreach (var sandbox in settled.Where(sandbox => !users.ContainsKey(sandbox))) Release(sandbox);
        foreach (var (sandbox, user) in users) Observe(sandbox, user);
    }

    /// <summary>Never gives this number: a container that is not this process's has it.</summary>
    public void Reserve(int user)
    {
        lock (_lock) _inUse.Add(user);
    }

    /// <summary>Removes the files of numbers that nobody has, as they are left when a worker is killed.</summary>
    public void RemoveStaleFiles()
    {
        lock (_lock) _folder.RemoveUserFiles(user => !_inUse.Contains(user));
    }

    private void Observe(SandboxId sandbox, int user)
    {
        lock (_lock)
        {
            // A container of an older version has none.
            if (user > 0 && _taken.TryAdd(sandbox, user)) _inUse.Add(user);
        }
    }

    private int? FindFree()
    {
        while (_unused < _count)
        {
            var user = _first + _unused++;
            if (!_inUse.Contains(user)) return user;
        }

        for (var left = _returned.Count; left > 0; left--)
        {
            var user = _returned.Dequeue();
            if (!_inUse.Contains(user)) return user;
        }

        return null;
    }
}
