namespace Podflare.Cli.Doctor;

/// <summary>The result of all checks.</summary>
/// <param name="Ok">No check failed. Warnings are not failures.</param>
/// <param name="Version">The version of this command.</param>
internal sealed record DoctorReport(bool Ok, string Url, string Version, IReadOnlyList<Finding> Checks);

/// <summary>The result of one check.</summary>
/// <param name="Status"><c>ok</c>, <c>warning</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Advice">How to fix it.</param>
internal sealed record Finding(string Name, string Status, string Detail, string? Advice = null)
{
    public const string Passed = "ok";
    public const string Warning = "warning";
    public const string Failed = "failed";
    public const string Skipped = "skipped";

    /// <summary>The duration of the check.</summary>
    public double? Milliseconds { get; init; }
}
