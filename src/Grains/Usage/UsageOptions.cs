using System.ComponentModel.DataAnnotations;

namespace Podflare.Usage;

/// <summary>How usage is recorded. Section <c>Podflare:Usage</c>.</summary>
public sealed class UsageOptions
{
    public const string Section = "Podflare:Usage";

    /// <summary>Time between two folds of a living sandbox into the totals of the day, in seconds. Default: 60.</summary>
    [Range(1, 3_600)]
    public double FoldSeconds { get; set; } = 60;

    /// <summary>
    /// Time after which the embedded process flushes usage to the disk, in seconds. Usage that was recorded within that time is lost when the machine loses power,
    /// but not when the process dies. Default: 1.
    /// </summary>
    [Range(0.01, 60)]
    public double FlushSeconds { get; set; } = 1;

    /// <summary>Days for which the totals of a day are kept. Default: 400.</summary>
    [Range(1, 3_660)]
    public int RetentionDays { get; set; } = 400;

    /// <summary>Rows of one answer of <c>GET /v1/usage</c>; a query with more is refused. Default: 100,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxRows { get; set; } = 100_000;
}
