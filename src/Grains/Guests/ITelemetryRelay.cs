using Podflare.Sandboxes;

namespace Podflare.Guests;

/// <summary>Takes what the programs of sandboxes send by OTLP.</summary>
public interface ITelemetryRelay
{
    /// <param name="changed">Called whenever <see cref="ITelemetryInbox.Taken"/> may have risen. It must not wait.</param>
    ITelemetryInbox Open(SandboxId sandbox, Action changed);
}

/// <summary>The batches of one sandbox. Safe for several threads.</summary>
public interface ITelemetryInbox
{
    /// <summary>Batches up to this number have been dealt with, or given up; 0 for none.</summary>
    ulong Taken { get; }

    /// <summary>Queues a batch, or gives it up. Never waits.</summary>
    void Add(TelemetryBatch batch);

    /// <summary>Whose sandbox it is. Before this is known, batches wait.</summary>
    void SetSource(TelemetrySource source);

    /// <summary>The sandbox is gone, or this process stops. What is here and has a source is still processed.</summary>
    void Close();
}

/// <summary>What the spans of a sandbox are marked with.</summary>
public sealed record TelemetrySource(string Tenant, string Template);
