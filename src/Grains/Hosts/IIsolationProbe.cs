namespace Podflare.Hosts;

/// <summary>Finds out which layers surround the sandboxes of this host.</summary>
public interface IIsolationProbe
{
    /// <summary>Starts one container for each runtime that a template names, and removes it.</summary>
    Task<IsolationReport> RunAsync(string host, CancellationToken cancellationToken);
}

/// <summary>What a probe has found.</summary>
/// <param name="Failed">Runtimes under which no container has reported, though its image exists.</param>
/// <param name="IsComplete">Every runtime has reported.</param>
public sealed record IsolationReport(HostIsolation Isolation, IReadOnlySet<string> Failed, bool IsComplete);
