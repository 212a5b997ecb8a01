namespace Podflare.Bench;

/// <summary>Rows of figures; where there is a floor, it was measured in turn with them.</summary>
internal sealed class Table
{
    private readonly List<(string What, string Where, Sample Sample, Sample? Floor)> _rows = [];

    private readonly List<string> _notes = [];

    public void Add(string what, string where, (Sample Floor, Sample Act) measured) => Add(what, where, measured.Act, measured.Floor);

    public void Add(string what, string where, Sample sample, Sample? floor = null)
    {
        _rows.Add((what, where, sample, floor));
        Console.Error.WriteLine($"{what}, {where}: {sample.At(0.5):0.000} ms");
    }

    /// <summary>A figure that is no duration.</summary>
    public void Note(string text)
    {
        _notes.Add(text);
        Console.Error.WriteLine(text);
    }

    public void Print()
    {
        Console.WriteLine("| what | where | n | p50 ms | p95 ms | p99 ms | floor's p50 ms | p50 / floor |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var (what, where, sample, floor) in _rows)
        {
            var ratio = floor is null ? " | " : $"{floor.At(0.5):0.000} | {sample.At(0.5) / floor.At(0.5):0.00}";
            Console.WriteLine($"| {what} | {where} | {sample.Count} | {sample.At(0.5):0.000} | {sample.At(0.95):0.000} | {sample.At(0.99):0.000} | {ratio} |");
        }

        foreach (var note in _notes) Console.WriteLine($"- {note}");
    }
}
