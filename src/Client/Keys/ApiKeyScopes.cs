namespace Podflare;

/// <summary>What an API key can allow.</summary>
public static class ApiKeyScopes
{
    /// <summary>To read the tenant's own sandboxes, runs, events, files and usage.</summary>
    public const string Read = "read";

    /// <summary><see cref="Read"/>, and to create, change and delete sandboxes, runs and files.</summary>
    public const string Sandboxes = "sandboxes";

    /// <summary>To manage the tenant's own keys and to read its audit log.</summary>
    public const string Keys = "keys";

    /// <summary>To read the metrics of the server.</summary>
    public const string MetricsRead = "metrics:read";

    /// <summary>Tenants, hosts, and the keys, usage and audit log of every tenant. Neither <see cref="Read"/> nor <see cref="Sandboxes"/>.</summary>
    public const string Admin = "admin";
}
