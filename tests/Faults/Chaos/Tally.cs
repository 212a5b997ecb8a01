using System.Globalization;
using System.Text;

namespace Podflare.Faults.Chaos;

/// <summary>The faults that were made and the times until everything went on, as a table.</summary>
internal sealed class Tally
{
    private readonly List<(Fault Fault, TimeSpan? Recovery)> _made = [];

    public int Count => _made.Count;

    /// <param name="recovery">Null where the next fault came before everything went on.</param>
    public void Add(Fault fault, TimeSpan? recovery) => _made.Add((fault, recovery));

    public string Render(Audit audit, int seed)
    {
        var text = new StringBuilder();
        Line(text, $"Seed {seed}: {Count} faults; {audit.Sandboxes} sandboxes, {audit.Runs} runs, {audit.Events:N0} events ({audit.Bytes / 1048576.0:N0} MiB) audited; readers resumed {audit.Resumes} times; lists, records and keys compared with the containers {audit.Comparisons} times.");
        text.AppendLine();
        text.AppendLine("| fault | made | recovery p50 | max |");
        text.AppendLine("|---|---|---|---|");
        foreach (var kind in _made.GroupBy(made => made.Fault.Kind).OrderBy(kind => kind.Key))
        {
            var times = kind.Select(made => made.Recovery).OfType<TimeSpan>().Order().ToArray();
            var (median, most) = times.Length == 0 ? ("-", "-") : (Seconds(times[times.Length / 2]), Seconds(times[^1]));
            Line(text, $"| {kind.First().Fault.Name} | {kind.Count()} | {median} | {most} |");
        }

        text.AppendLine();
        Line(text, $"Endings: {Counts(audit.Endings)}. Requests made again after: {Counts(audit.Repeats)}.");
        text.AppendLine();
        Line(text, $"Violations: {audit.Violations.Count}.");
        foreach (var violation in audit.Violations) Line(text, $"- {violation}");
        return text.ToString();
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private static string Counts(IReadOnlyDictionary<string, int> counts) =>
        string.Join(", ", counts.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key}: {pair.Value}"));

    private static void Line(StringBuilder text, FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
