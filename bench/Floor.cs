using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Podflare.Bench;

/// <summary>A Python program that measures by itself what it is asked for, line by line: <c>what times</c> in, a JSON list of milliseconds out.</summary>
internal sealed class Floor : IDisposable
{
    private readonly Process _process;

    public Floor(string script, params string[] arguments) =>
        _process = Process.Start(new ProcessStartInfo("/usr/bin/python3", [script, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;

    public async Task<Sample> MeasureAsync(string what, int times)
    {
        await _process.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{what} {times}"));
        await _process.StandardInput.FlushAsync();
        var answer = await _process.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException($"The floor has ended before it had measured {what}.");
        return new Sample(JsonSerializer.Deserialize<double[]>(answer)!);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10))) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
