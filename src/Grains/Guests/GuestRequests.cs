using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>The requests to one guest that have no answer yet, oldest first; at most <paramref name="limit"/>.</summary>
internal sealed class GuestRequests(int limit)
{
    private readonly Lock _gate = new();
    private readonly List<PendingRequest> _pending = [];
    private bool _closed;

    /// <exception cref="SandboxUnreachableException">Too many wait already, or the port is closed.</exception>
    public PendingRequest Add(RequestFrame frame, bool isRepeatable = true)
    {
        lock (_gate)
        {
            if (_closed || _pending.Count >= limit) throw new SandboxUnreachableException();
            var request = new PendingRequest(frame, isRepeatable);
            _pending.Add(request);
            return request;
        }
    }

    public void Remove(PendingRequest request)
    {
        lock (_gate) _pending.Remove(request);
    }

    /// <summary>
    /// The oldest request that this connection has not carried, marked as carried under <paramref name="number"/>. One that another connection
    /// has carried, and that cannot be repeated, fails: nobody knows whether it arrived.
    /// </summary>
    public PendingRequest? Next(GuestConnection connection, ulong number)
    {
        while (true)
        {
            PendingRequest? next;
            lock (_gate)
            {
                next = _pending.Find(request => request.Sent.Connection != connection);
                if (next is null) return null;
                var isLost = next is { IsRepeatable: false, Sent.Connection: not null };
                if (isLost) _pending.Remove(next);
                else next.Sent = (connection, number);
                if (!isLost) return next;
            }

            next.Fail(new SandboxUnreachableException());
        }
    }

    /// <summary>Completes the request with that number; one whose caller has gone is no longer known, and that is fine.</summary>
    public void Answer(GuestConnection connection, ulong number, GuestAnswer answer)
    {
        PendingRequest? asked;
        lock (_gate) asked = _pending.Find(request => request.Sent == (connection, number));
        asked?.Complete(answer);
    }

    public void Close()
    {
        PendingRequest[] pending;
        lock (_gate)
        {
            _closed = true;
            pending = [.. _pending];
        }

        foreach (var request in pending) request.Fail(new SandboxUnreachableException());
    }
}
