using Podflare.Guests;

namespace Podflare.Runs;

/// <summary>The calls of tools of one run that wait for an answer. Only the guest has them for good: they are in memory, and built anew from what it reports.</summary>
public sealed class OpenToolCalls
{
    private readonly SortedSet<uint> _open = [];

    /// <summary>Their ids, oldest first.</summary>
    public IReadOnlyList<string> Ids => [.. _open.Select(ToolCallId.Of)];

    /// <summary>The guest has reported all that are open.</summary>
    public void Replace(IEnumerable<uint> open)
    {
        _open.Clear();
        _open.UnionWith(open);
    }

    /// <summary>Frames have arrived. A reader must find a call here as soon as it can see its event, so this comes before they are logged.</summary>
    public void Apply(FrameBatch batch)
    {
        foreach (var frame in batch.Frames)
        {
            if (frame is GuestToolRequest request) _open.Add(request.Call);
            else if (frame is GuestToolResponse response) _open.Remove(response.Call);
        }
    }
}
