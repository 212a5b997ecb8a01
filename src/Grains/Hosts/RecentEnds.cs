using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>
/// The sandboxes of one host whose end the store may have lost. A store that comes back with older data has them as living ones again, with
/// open runs, and no list of containers shows that they have ended.
/// </summary>
/// <param name="epoch">Rises when the store may have lost its newest writes: then every end that is remembered is in doubt.</param>
/// <param name="limit">Ends that are remembered; the oldest is forgotten first.</param>
/// <param name="age">Time for which an end is remembered.</param>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class RecentEnds(Func<int> epoch, int limit, TimeSpan age, TimeProvider time)
{
    private readonly Queue<(SandboxId Sandbox, long At)> _ends = [];
    private readonly HashSet<SandboxId> _doubtful = [];
    private int _epoch = epoch();
    private bool _found;

    /// <summary>There are ends in doubt that <see cref="TakeDoubtful"/> has not given out yet.</summary>
    public bool IsCheckDue => _found || _epoch != epoch();

    /// <summary>A sandbox has ended.</summary>
    public void Add(SandboxId sandbox)
    {
        _ends.Enqueue((sandbox, time.GetTimestamp()));
        while (_ends.TryPeek(out var oldest) && (_ends.Count > limit || time.GetElapsedTime(oldest.At) > age)) _ends.Dequeue();
    }

    /// <summary>The store names a sandbox that this host does not have.</summary>
    public void Doubt(SandboxId sandbox) => _found |= _doubtful.Count < limit && _doubtful.Add(sandbox);

    /// <summary>The sandboxes whose end is to be checked. Each is given out until it is confirmed.</summary>
    public IReadOnlyList<SandboxId> TakeDoubtful()
    {
        if (_epoch != epoch())
        {
            _epoch = epoch();
            _doubtful.UnionWith(_ends.Where(end => time.GetElapsedTime(end.At) <= age).Select(end => end.Sandbox));
        }

        _found = false;
        return [.. _doubtful];
    }

    /// <summary>The store has this end.</summary>
    public void Confirm(SandboxId sandbox) => _doubtful.Remove(sandbox);
}
