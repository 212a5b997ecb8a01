using System.Collections.Immutable;
using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>The OTLP batches of one guest. What was not taken when a connection breaks, the guest sends again over the next one.</summary>
internal sealed class GuestTelemetry
{
    private readonly Lock _gate = new();
    private readonly ITelemetryInbox? _inbox;
    private GuestConnection? _connection;
    private TelemetryAssembly? _open;
    private ImmutableArray<uint>? _dropped;
    private ulong _last;

    /// <param name="relay">Null where nobody wants them: then they are dropped.</param>
    public GuestTelemetry(SandboxId sandbox, ITelemetryRelay? relay) => _inbox = relay?.Open(sandbox, OnTaken);

    /// <summary>The guest may drop batches up to this number; 0 for none.</summary>
    public ulong Taken
    {
        get
        {
            lock (_gate) return _inbox is null ? _last : Math.Min(_inbox.Taken, _last);
        }
    }

    public void Close() => _inbox?.Close();

    public void SetSource(TelemetrySource source) => _inbox?.SetSource(source);

    /// <summary>From now on this connection carries the batches.</summary>
    /// <param name="isOther">It is that of another guest, which counts anew.</param>
    public void Move(GuestConnection? connection, bool isOther = false)
    {
        lock (_gate)
        {
            (_connection, _open) = (connection, null);
            if (isOther) (_last, _dropped) = (0, null);
        }
    }

    /// <summary>A part of a batch has come.</summary>
    /// <exception cref="GuestProtocolException">It is none.</exception>
    public void Take(GuestConnection connection, in Frame frame)
    {
        TelemetryBatch batch;
        lock (_gate)
        {
            // The guest repeats what was not taken yet, also where it is here already.
            if (connection != _connection || frame.Header.Number <= _last && frame.Header.Number > 0) return;
            if (_open is null)
            {
                _open = TelemetryAssembly.Begin(frame, _dropped, out var reported);
                _dropped = reported;
            }
            else
            {
                _open.Add(frame);
            }

            if (!TelemetryAssembly.IsLast(frame)) return;
            batch = _open.Finish();
            (_open, _last) = (null, batch.Number);
        }

        if (_inbox is null) connection.Wake();
        else _inbox.Add(batch);
    }

    private void OnTaken()
    {
        GuestConnection? connection;
        lock (_gate) connection = _connection;
        connection?.Wake();
    }
}
