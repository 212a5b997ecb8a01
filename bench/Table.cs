namespace Podflare.Bench;

/// <summary>Rows of figures; each is set against its floor from the same run.</summary>
internal sealed class Table
{
    private readonly List<(string What, string Where, Sample Sample, string? Floor)> _rows = [];

    public void Add(string what, string where, Sample sample, string? floor)
    {
        _rows.Add((what, where, sample, floor));
        Console.Error.WriteLine($"{what}, {where}: {sample.At(0.5):0.000} ms");
    }

    public void Print()
    {
        Console.WriteLine("| what | where | n | p50 ms | p95 ms | p99 ms | p50 / floor |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var (what, where, sample, floor) in _rows)
        {
            var ratio = floor is null ? "" : $"{sample.At(0.5) / _rows.First(row => row.What == what && row.Where == floor).Sample.At(0.5):0.00}";
            Console.WriteLine($"| {what} | {where} | {sample.Count} | {sample.At(0.5):0.000} | {sample.At(0.95):0.000} | {sample.At(0.99):0.000} | {ratio} |");
        }
    }
}
