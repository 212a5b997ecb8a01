using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Podflare.Http;

namespace Podflare.Usage;

/// <summary>Writes a report as JSON or as CSV (RFC 4180).</summary>
internal static class UsageWriter
{
    public const string Csv = "text/csv; charset=utf-8";
    public const string Json = "application/json";

    private static readonly SearchValues<char> Quoted = SearchValues.Create("\",\r\n");

    public static byte[] ToJson(UsageReport report)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("from"u8, Day(report.Query.From));
        json.WriteString("to"u8, Day(report.Query.To));
        json.WriteStartArray("rows"u8);
        foreach (var row in report.Rows)
        {
            json.WriteStartObject();
            if (row.Day is { } day) json.WriteString("day"u8, Day(day));
            if (report.Query.ByTenant) json.WriteString("tenant"u8, row.Tenant);
            if (report.Query.ByKey)
            {
                json.WriteString("key"u8, row.Key);
                json.WriteString("key_name"u8, row.KeyName);
            }

            Write(json, row.Amounts);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("total"u8);
        Write(json, report.Total);
        json.WriteEndObject();
        json.WriteString("as_of"u8, Timestamps.ToRfc3339(report.AsOf));
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] ToCsv(UsageReport report)
    {
        var query = report.Query;
        var text = new StringBuilder();
        string[] groups = [.. query.ByDay ? ["day"] : Array.Empty<string>(), .. query.ByTenant ? ["tenant"] : Array.Empty<string>(), .. query.ByKey ? ["key", "key_name"] : Array.Empty<string>()];
        AppendLine(text, [.. groups, "sandboxes", "sandbox_seconds", "cpu_seconds", "memory_gib_seconds", "runs", "bytes_out"]);
        foreach (var row in report.Rows)
        {
            List<string> fields = [];
            if (query.ByDay) fields.Add(Day(row.Day!.Value));
            if (query.ByTenant) fields.Add(WithoutFormula(row.Tenant!));
            if (query.ByKey) fields.AddRange([row.Key ?? "", WithoutFormula(row.KeyName ?? "")]);
            var amounts = row.Amounts;
            fields.AddRange(
            [
                Number(amounts.Sandboxes), Number(Seconds(amounts.SandboxMs)), Number(CpuSeconds(amounts)), Number(GibSeconds(amounts)), Number(amounts.Runs), Number(amounts.Bytes),
            ]);
            AppendLine(text, fields);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(Utf8JsonWriter json, UsageAmounts amounts)
    {
        json.WriteNumber("sandboxes"u8, amounts.Sandboxes);
        json.WriteNumber("sandbox_seconds"u8, Seconds(amounts.SandboxMs));
        json.WriteNumber("cpu_seconds"u8, CpuSeconds(amounts));
        json.WriteNumber("memory_gib_seconds"u8, GibSeconds(amounts));
        json.WriteNumber("runs"u8, amounts.Runs);
        json.WriteNumber("bytes_out"u8, amounts.Bytes);
    }

    private static decimal Seconds(long milliseconds) => milliseconds / 1000m;

    private static decimal CpuSeconds(UsageAmounts amounts) => amounts.CpuUs / 1_000_000m;

    private static decimal GibSeconds(UsageAmounts amounts) => Math.Round(amounts.MemoryMibMs / 1_024_000m, 3);

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Number(decimal number) => number.ToString(CultureInfo.InvariantCulture);

    // A spreadsheet would execute a name that begins like a formula.
    private static string WithoutFormula(string text) => text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? $"'{text}" : text;

    private static void AppendLine(StringBuilder text, IEnumerable<string> fields) =>
        text.AppendJoin(',', fields.Select(field => field.AsSpan().ContainsAny(Quoted) ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field)).Append("\r\n");
}
