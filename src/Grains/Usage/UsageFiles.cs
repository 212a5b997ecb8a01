using System.Globalization;
using System.Text.Json;
using Podflare.Tenants;

namespace Podflare.Usage;

/// <summary>
/// The files of the embedded process: one per tenant and day. What was written survives this process; once it was flushed, it also survives a loss of power.
/// The two are apart because a flush takes milliseconds, and each end of a sandbox writes.
/// </summary>
/// <remarks>Writing and flushing may happen at the same time, but neither at the same time as itself.</remarks>
internal sealed class UsageFiles(string folder)
{
    private const string DayFormat = "yyyy-MM-dd";

    // From the newest to the oldest. The first two may be incomplete after a loss of power.
    private const string Written = ".json.written";
    private const string Flushing = ".json.flushing";
    private const string Flushed = ".json";

    public IEnumerable<string> Tenants => Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)![1..]) : [];

    /// <exception cref="IOException">The disk refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public void Write(TenantId tenant, DateOnly day, SortedDictionary<string, UsageAmounts> totals)
    {
        var path = PathOf(tenant, day);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(totals));
        File.Move(path + ".new", path + Written, overwrite: true);
    }

    /// <exception cref="IOException">The disk refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public void Flush(TenantId tenant, DateOnly day)
    {
        var path = PathOf(tenant, day);
        // Under its own name it can't be replaced before it is flushed. It exists already where the flush before this one failed.
        if (File.Exists(path + Written)) File.Move(path + Written, path + Flushing, overwrite: true);
        using (var file = new FileStream(path + Flushing, FileMode.Open, FileAccess.ReadWrite)) file.Flush(flushToDisk: true);
        File.Move(path + Flushing, path + Flushed, overwrite: true);
    }

    /// <exception cref="IOException">The disk refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be read.</exception>
    public SortedDictionary<string, UsageAmounts> Load(TenantId tenant, DateOnly day)
    {
        var path = PathOf(tenant, day);
        var stored = TryRead(path + Written) ?? TryRead(path + Flushing) ?? (File.Exists(path + Flushed) ? Read(path + Flushed) : null);
        return new SortedDictionary<string, UsageAmounts>(stored ?? [], StringComparer.Ordinal);
    }

    public void DeleteBefore(DateOnly day)
    {
        var oldest = day.ToString(DayFormat, CultureInfo.InvariantCulture);
        foreach (var file in Directory.EnumerateFiles(folder, $"????-??-??{Flushed}", SearchOption.AllDirectories))
        {
            if (string.CompareOrdinal(Path.GetFileNameWithoutExtension(file), oldest) < 0) File.Delete(file);
        }
    }

    private static Dictionary<string, UsageAmounts>? TryRead(string path)
    {
        try
        {
            return File.Exists(path) ? Read(path) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Dictionary<string, UsageAmounts>? Read(string path) => JsonSerializer.Deserialize<Dictionary<string, UsageAmounts>>(File.ReadAllBytes(path));

    // A tenant may be called ".."; with a letter in front no name means anything to the file system.
    private string PathOf(TenantId tenant, DateOnly day) => Path.Combine(folder, $"t{tenant.Value}", day.ToString(DayFormat, CultureInfo.InvariantCulture));
}
