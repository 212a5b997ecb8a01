namespace Podflare.Bench;

/// <summary>Two builds of the service, measured in alternate rounds: what a change costs.</summary>
internal static class Comparison
{
    private const double Most = 1.03;

    public static async Task MeasureAsync(string name, Uri before, Uri after, Table table)
    {
        await using var one = await RemoteSandbox.CreateAsync(before);
        await using var other = await RemoteSandbox.CreateAsync(after);
        table.Add("print(1), warm", name, await Measure.InTurnAsync(24, 250, one.PrintAsync, other.PrintAsync, warmUp: 4_000), Target.Ratio(Most));
        table.Add("1,000,000 lines", name, await Measure.InTurnAsync(9, 1, one.LinesAsync, other.LinesAsync, warmUp: 2), Target.Ratio(Most));
        table.Add("100 MB without newline", name, await Measure.InTurnAsync(9, 1, one.BulkAsync, other.BulkAsync, warmUp: 2), Target.Ratio(Most));
        table.Add(
            "create and delete", name, await Measure.InTurnAsync(30, 5, () => CreateAsync(before), () => CreateAsync(after), warmUp: 60), Target.Ratio(Most));
    }

    private static async Task CreateAsync(Uri address)
    {
        await using var sandbox = await RemoteSandbox.CreateAsync(address);
    }
}
