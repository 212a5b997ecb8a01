using System.Collections.Immutable;
using System.Text;
using Podflare.Contexts;
using Podflare.Files;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>
/// The limits that every caller of the grains has to keep, whatever it has checked itself. The fields are named as in the HTTP API.
/// </summary>
internal static class SandboxLimits
{
    private const int MaxTemplate = 128;
    /// <summary>Names of environment variables that the record of a sandbox keeps to show them.</summary>
    public const int MaxEnvNames = 100;

    private const int MaxMetadataKey = 64;
    private const int MaxMetadataValue = 512;
    private const int MaxRamMib = 1024 * 1024;
    private const int MaxRootfsGb = 1024;

    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    public static void Guard(SandboxSpec spec, SandboxOptions limits)
    {
        if (spec.Template is not { Length: > 0 and <= MaxTemplate }) throw new InvalidRequestException("template", $"must have 1 to {MaxTemplate} characters");
        Guard("timeout_seconds", spec.Lifetime, limits.MaxLifetimeSeconds);
        Guard("idle_timeout_seconds", spec.IdleLimit, limits.MaxIdleSeconds);
        if (spec.RamMib is < 1 or > MaxRamMib) throw new InvalidRequestException("ram_mib", $"must be 1 to {MaxRamMib}");
        if (spec.RootfsGb is < 1 or > MaxRootfsGb) throw new InvalidRequestException("rootfs_gb", $"must be 1 to {MaxRootfsGb}");
        GuardMetadata(spec.Metadata, limits.MaxMetadataPairs);
        GuardEnv(spec.Env, limits.MaxEnvBytes);
        if (spec.EgressHosts.IsDefaultOrEmpty) return;
        if (spec.EgressHosts.Length > EgressHosts.Max) throw new InvalidRequestException("egress.allow", $"must have at most {EgressHosts.Max} items");
        foreach (var text in spec.EgressHosts)
        {
            var wrong = EgressHosts.Normalize(text, out var host);
            if (wrong is not null || host != text) throw new InvalidRequestException("egress.allow", wrong ?? "must be in lower case");
        }
    }

    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    public static void Guard(SandboxUpdate update, ImmutableSortedDictionary<string, string> metadata, SandboxOptions limits)
    {
        if (update.Lifetime is { } lifetime) Guard("timeout_seconds", lifetime, limits.MaxLifetimeSeconds);
        if (update.IdleLimit is { } idle) Guard("idle_timeout_seconds", idle, limits.MaxIdleSeconds);
        if (update.Metadata is not null) GuardMetadata(metadata, limits.MaxMetadataPairs);
    }

    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    public static void Guard(ContextSpec spec, SandboxOptions limits)
    {
        if (spec.Id is { } id && !ContextId.TryParse(id.Value, null, out _)) throw new InvalidRequestException("id", "must be 1 to 64 of a-z, 0-9, _ and -, the first a letter or digit");
        if (spec.Language is not (RunLanguage.Python or RunLanguage.Bash)) throw new InvalidRequestException("language", "must be python or bash");
        GuardFolder(spec.Cwd);
        GuardEnv(spec.Env, limits.MaxEnvBytes);
    }

    /// <exception cref="InvalidRequestException">It is no absolute path.</exception>
    public static void GuardFolder(string? folder)
    {
        if (folder is null) return;
        if (!folder.StartsWith('/') || folder.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(folder) > FilePath.MaxBytes)
            throw new InvalidRequestException("cwd", $"must be an absolute path of at most {FilePath.MaxBytes} bytes");
    }

    public static void Guard(string field, TimeSpan value, int maxSeconds)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromSeconds(maxSeconds))
            throw new InvalidRequestException(field, $"must be more than 0 and at most {maxSeconds}");
    }

    private static void GuardMetadata(ImmutableSortedDictionary<string, string> metadata, int maxPairs)
    {
        if (metadata.Count > maxPairs) throw new InvalidRequestException("metadata", $"must have at most {maxPairs} pairs");
        foreach (var (key, value) in metadata)
        {
            if (key.Length is 0 or > MaxMetadataKey) throw new InvalidRequestException("metadata", $"must have keys of 1 to {MaxMetadataKey} characters");
            if (value is not { Length: <= MaxMetadataValue }) throw new InvalidRequestException("metadata", $"must have values of at most {MaxMetadataValue} characters");
        }
    }

    public static void GuardEnv(ImmutableSortedDictionary<string, string> env, int maxBytes)
    {
        if (env.IsEmpty) return;
        var bytes = 0L;
        foreach (var (name, value) in env)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAny('=', '\0')) throw new InvalidRequestException("env", "must have names without '=' and NUL");
            if (value is null || value.Contains('\0', StringComparison.Ordinal)) throw new InvalidRequestException("env", "must have values without NUL");
            bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
        }

        if (bytes > maxBytes) throw new InvalidRequestException("env", $"must have at most {maxBytes} bytes in all");
    }
}
