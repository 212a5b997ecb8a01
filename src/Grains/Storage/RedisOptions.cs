using System.ComponentModel.DataAnnotations;

namespace Podflare.Storage;

/// <summary>
/// The connection to Redis besides the connection string, which may have <c>ssl=true</c>, <c>user=</c> and <c>password=</c>. Section <c>Podflare:Redis</c>.
/// </summary>
internal sealed class RedisOptions
{
    public const string Section = "Podflare:Redis";

    /// <summary>PEM file with the only authority that the certificate of Redis may have. Default: the authorities that the system trusts.</summary>
    public string? Authority { get; set; }

    /// <summary>Time that a process which starts waits for Redis before it ends with an error, in seconds. Default: 60.</summary>
    [Range(1, 3_600)]
    public double StartSeconds { get; set; } = 60;
}
