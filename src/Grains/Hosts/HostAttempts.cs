namespace Podflare.Hosts;

/// <summary>Which host a create asks next, and for how long the create may wait there.</summary>
/// <remarks>
/// In the first round each host gets only the chance to begin at once. Then the create waits at the full hosts, which share the time. What one of
/// them does not use goes to the others. Hosts that were slow come next, and hosts that are unwell last, each with the time that is left.
/// </remarks>
internal sealed class HostAttempts
{
    // A shorter wait is not worth another request.
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);

    private readonly Func<IReadOnlyList<string>> _candidates;
    private readonly Func<string, bool> _isWell;
    private readonly Queue<string> _round;
    private readonly List<string> _full = [];
    private readonly List<string> _last = [];
    private TimeSpan _left;
    private bool _waits;

    /// <param name="candidates">The hosts to ask, the best one first. Asked again when the waiting begins.</param>
    /// <param name="isWell">Whether a host knows of no problem of its own.</param>
    /// <param name="wait">The time that the create may wait, at all hosts together.</param>
    public HostAttempts(Func<IReadOnlyList<string>> candidates, Func<string, bool> isWell, TimeSpan wait)
    {
        (_candidates, _isWell, _left) = (candidates, isWell, wait);
        _round = new Queue<string>(candidates());

        // Where there is only one host, there is nothing to gain from not waiting there.
        _waits = _round.Count == 1;
    }

    /// <summary>The host to ask, until it is reported as having refused.</summary>
    /// <returns>False when no host is left.</returns>
    public bool TryPeek(out string host, out TimeSpan wait)
    {
        if (_round.Count == 0) BeginRound();
        wait = Share;
        return _round.TryPeek(out host!);
    }

    /// <summary>The host has no room, or starts nothing now.</summary>
    /// <param name="took">How long its answer took.</param>
    public void OnFull(TimeSpan took)
    {
        var share = Share;
        var host = _round.Dequeue();
        if (!_waits) (_isWell(host) ? _full : _last).Add(host);
        else if (took >= share / 2) _full.Add(host); // One that answers long before its time is over won't do better if asked again.
        Use(took, share);
    }

    /// <summary>The host did not answer within its limit.</summary>
    /// <inheritdoc cref="OnFull"/>
    public void OnSlow(TimeSpan took)
    {
        var share = Share;
        var host = _round.Dequeue();
        if (!_waits) _last.Add(host);
        Use(took, share);
    }

    /// <summary>The host failed. It is not asked again.</summary>
    /// <inheritdoc cref="OnFull"/>
    public void OnFailed(TimeSpan took)
    {
        var share = Share;
        _round.Dequeue();
        Use(took, share);
    }

    private TimeSpan Share => _waits && _round.Count > 0 ? _left / _round.Count : TimeSpan.Zero;

    private void Use(TimeSpan took, TimeSpan share) => _left -= took < share ? took : share;

    private void BeginRound()
    {
        _waits = true;
        if (_full.Count > 0 && _left >= ShortestWait) Ask(_full, static _ => true);
        else if (_last.Exists(host => _isWell(host))) Ask(_last, _isWell);
        else Ask(_last, static _ => true);
    }

    private void Ask(List<string> hosts, Func<string, bool> which)
    {
        var chosen = hosts.Where(which).ToList();
        var order = chosen.Count > 1 ? _candidates().ToList() : [];
        foreach (var host in chosen.OrderBy(order.IndexOf)) _round.Enqueue(host);
        hosts.RemoveAll(chosen.Contains);
    }
}
