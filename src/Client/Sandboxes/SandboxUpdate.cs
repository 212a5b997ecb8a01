using System.Buffers;
using System.Text.Json;

namespace Podflare;

/// <summary>A change of a sandbox. What is not set stays as it is.</summary>
/// <example>
/// <code>
/// await sandbox.UpdateAsync(new SandboxUpdate { Lifetime = TimeSpan.FromHours(2), Metadata = new Dictionary&lt;string, string?&gt; { ["stage"] = "review", ["draft"] = null } });
/// </code>
/// </example>
public sealed record SandboxUpdate
{
    /// <summary>The time from now after which the sandbox ends.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>The time without a run or file call after which it ends.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Metadata to add or replace; a value of null removes the pair.</summary>
    public IReadOnlyDictionary<string, string?>? Metadata { get; init; }

    // Written by hand, because null has a meaning in the metadata and nowhere else.
    internal byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (ArgumentChecks.Seconds(Lifetime, nameof(Lifetime)) is { } lifetime) json.WriteNumber("timeout_seconds"u8, lifetime);
            if (ArgumentChecks.Seconds(IdleTimeout, nameof(IdleTimeout)) is { } idle) json.WriteNumber("idle_timeout_seconds"u8, idle);
            if (Metadata is { } metadata)
            {
                json.WriteStartObject("metadata"u8);
                foreach (var (name, value) in metadata)
                {
                    if (value is null) json.WriteNull(name);
                    else json.WriteString(name, value);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
