namespace Podflare.Bench;

/// <summary>Rows of durations and of other figures, with what they have to reach; where there is a floor, it was measured in turn with them.</summary>
internal sealed class Table
{
    private readonly List<(string What, string Where, Sample Sample, Sample? Floor, Target[] Targets)> _rows = [];

    private readonly List<(string What, string Where, string Value, string Target, bool? Met)> _figures = [];

    public void Add(string what, string where, (Sample Floor, Sample Act) measured, params Target[] targets) =>
        Add(what, where, measured.Act, measured.Floor, targets);

    public void Add(string what, string where, Sample sample, Sample? floor = null, params Target[] targets)
    {
        _rows.Add((what, where, sample, floor, targets));
        var ratio = floor is null ? "" : $", {sample.At(0.5) / floor.At(0.5):0.00} times the floor's {floor.At(0.5):0.000}";
        Console.Error.WriteLine($"{what}, {where}: p50 {sample.At(0.5):0.000} ms, p99 {sample.At(0.99):0.000}{ratio}");
    }

    /// <summary>A figure that is no duration, at most so large.</summary>
    public void AtMost(string what, string where, double value, string unit, double most) =>
        Figure(what, where, $"{value:0.0} {unit}", $"≤ {most} {unit}", value <= most);

    /// <summary>A figure that is no duration, at least so large.</summary>
    public void AtLeast(string what, string where, double value, string unit, double least) =>
        Figure(what, where, $"{value:0.0} {unit}", $"≥ {least} {unit}", value >= least);

    /// <summary>A figure that is no duration, and that nothing is asked of.</summary>
    public void Figure(string what, string where, string value, string target = "", bool? met = null)
    {
        _figures.Add((what, where, value, target, met));
        Console.Error.WriteLine($"{what}, {where}: {value}");
    }

    public void Print()
    {
        var missed = new List<string>();
        var targets = 0;
        Console.WriteLine("| what | where | n | p50 ms | p95 ms | p99 ms | floor's p50 ms | p50 / floor | target | result |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (what, where, sample, floor, asked) in _rows)
        {
            var ratio = floor is null ? " | " : $"{floor.At(0.5):0.000} | {sample.At(0.5) / floor.At(0.5):0.00}";
            var unmet = asked.Where(target => !target.IsMet(sample, floor)).ToArray();
            targets += asked.Length;
            missed.AddRange(unmet.Select(target => $"{what}, {where}: {target.Value(sample, floor):0.00} where {target.Text}"));
            Console.WriteLine(
                $"| {what} | {where} | {sample.Count} | {sample.At(0.5):0.000} | {sample.At(0.95):0.000} | {sample.At(0.99):0.000} | {ratio} "
                + $"| {string.Join("; ", asked.Select(target => target.Text))} | {(asked.Length == 0 ? "" : unmet.Length == 0 ? "met" : "NOT MET")} |");
        }

        if (_figures.Count > 0) Console.WriteLine("\n| what | where | figure | target | result |\n|---|---|---|---|---|");
        foreach (var (what, where, value, target, met) in _figures)
        {
            Console.WriteLine($"| {what} | {where} | {value} | {target} | {met switch { true => "met", false => "NOT MET", null => "" }} |");
            if (met is not null) targets++;
            if (met is false) missed.Add($"{what}, {where}: {value} where {target}");
        }

        Console.WriteLine($"\n{targets - missed.Count} of {targets} targets met{(missed.Count == 0 ? "" : "; not:")}");
        foreach (var line in missed) Console.WriteLine($"- {line}");
    }
}
