using Podflare.Requests;

namespace Podflare.Tenants;

/// <summary>Reads the object <c>limits</c> of a request. A limit that is null takes the server's default, one that is absent stays as it is.</summary>
internal static class LimitFields
{
    private const double MaxRate = 1_000_000;
    private const int MaxCount = 1_000_000;
    private const long MaxMemoryMib = 1L << 40;
    private const long MinOutputBytes = 1024 * 1024;
    private const long MaxBytes = 1L << 50;
    private const double MaxSeconds = 365.0 * 24 * 60 * 60;
    private const int MaxHosts = 1_000;
    private const int MaxHost = 253;

    public static Func<TenantLimits, TenantLimits> Read(ref JsonFieldReader fields)
    {
        Func<TenantLimits, TenantLimits> change = static limits => limits;
        if (!fields.EnterObject()) return change;
        while (fields.Next())
        {
            var before = change;
            var one = ReadOne(ref fields);
            change = limits => one(before(limits));
        }

        return change;
    }

    private static Func<TenantLimits, TenantLimits> ReadOne(ref JsonFieldReader fields)
    {
        if (fields.Is("requests_per_second")) return Set(fields.Number(0.1, MaxRate), static (limits, value) => limits with { RequestsPerSecond = value });
        if (fields.Is("request_burst")) return Set(fields.Whole(1, MaxCount), static (limits, value) => limits with { RequestBurst = (int?)value });
        if (fields.Is("creates_per_second")) return Set(fields.Number(0.01, MaxRate), static (limits, value) => limits with { CreatesPerSecond = value });
        if (fields.Is("create_burst")) return Set(fields.Whole(1, MaxCount), static (limits, value) => limits with { CreateBurst = (int?)value });
        if (fields.Is("sandboxes")) return Set(fields.Whole(0, MaxCount), static (limits, value) => limits with { Sandboxes = (int?)value });
        if (fields.Is("memory_mib")) return Set(fields.Whole(0, MaxMemoryMib), static (limits, value) => limits with { MemoryMib = value });
        if (fields.Is("running")) return Set(fields.Whole(0, MaxCount), static (limits, value) => limits with { Running = (int?)value });
        if (fields.Is("lifetime_seconds")) return Set(fields.Number(1, MaxSeconds), static (limits, value) => limits with { LifetimeSeconds = value });
        if (fields.Is("idle_seconds")) return Set(fields.Number(1, MaxSeconds), static (limits, value) => limits with { IdleSeconds = value });
        if (fields.Is("output_bytes")) return Set(fields.Whole(MinOutputBytes, MaxBytes), static (limits, value) => limits with { OutputBytes = value });
        if (fields.Is("file_bytes")) return Set(fields.Whole(1, MaxBytes), static (limits, value) => limits with { FileBytes = value });
        if (fields.Is("transfers")) return Set(fields.Whole(1, MaxCount), static (limits, value) => limits with { Transfers = (int?)value });
        if (fields.Is("large_bodies")) return Set(fields.Whole(1, MaxCount), static (limits, value) => limits with { LargeBodies = (int?)value });
        if (fields.Is("egress_hosts")) return Set(fields.Texts(MaxHosts, WrongHost), static (limits, value) => limits with { EgressHosts = value });

        // A misspelled limit that is ignored would leave the tenant without it.
        fields.Errors.Add("limits", "has a name that is not one of the limits");
        fields.Skip();
        return static limits => limits;
    }

    private static Func<TenantLimits, TenantLimits> Set<T>(T? value, Func<TenantLimits, T?, TenantLimits> set)
        where T : struct => limits => set(limits, value);

    private static string? WrongHost(string host, long bytes) => host.Length is 0 or > MaxHost ? "must be a host name" : null;
}
