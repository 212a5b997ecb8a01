using System.Diagnostics;

namespace Podflare.Bench;

/// <summary>The floor: a plain python3 that executes the lines it reads from a pipe and prints to another, line by line.</summary>
internal sealed class LocalPython : IDisposable
{
    private const string Loop =
        "import sys\nsys.stdout.reconfigure(line_buffering=True)\nspace = {}\nfor line in sys.stdin: exec(line, space)";

    private readonly Process _process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Loop])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    public Task PrintAsync() => RunAsync("print(1)", lines: 1);

    public Task LinesAsync() => RunAsync("[print(i) for i in range(1000000)] and None", lines: 1_000_000);

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task RunAsync(string code, int lines)
    {
        await _process.StandardInput.WriteLineAsync(code);
        await _process.StandardInput.FlushAsync();
        var stream = _process.StandardOutput.BaseStream;
        var buffer = new byte[1 << 20];
        for (var seen = 0; seen < lines;)
        {
            var read = await stream.ReadAsync(buffer);
            if (read == 0) throw new EndOfStreamException("The local python3 has ended.");
            seen += buffer.AsSpan(0, read).Count((byte)'\n');
        }
    }
}
