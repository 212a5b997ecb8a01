using System.Text;
using System.Text.Json;

namespace Podflare.EndToEnd.Compat;

/// <summary>
/// Reads a stream as existing clients do: it gives up after 30 s without a byte, cuts lines wherever Python's str.splitlines cuts, skips
/// blank lines, wants all four keys in every event, and joins the data of a stream with newlines.
/// </summary>
internal sealed class StrictReader
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly char[] LineEnds = ['\n', '\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\x85', '\u2028', '\u2029'];

    private readonly List<string> _stdout = [];
    private readonly List<string> _stderr = [];

    public string Stdout => string.Join('\n', _stdout);

    public string Stderr => string.Join('\n', _stderr);

    public int? ExitCode { get; private set; }

    public static async Task<StrictReader> ReadAsync(HttpResponseMessage answer)
    {
        var reader = new StrictReader();
        await using var stream = await answer.Content.ReadAsStreamAsync();
        var decoder = Encoding.UTF8.GetDecoder();
        var (bytes, chars, text) = (new byte[64 * 1024], new char[64 * 1024], new StringBuilder());
        while (true)
        {
            using var patience = new CancellationTokenSource(Patience);
            var read = await stream.ReadAsync(bytes, patience.Token);
            if (read == 0) break;
            text.Append(chars, 0, decoder.GetChars(bytes.AsSpan(0, read), chars, flush: false));
            var whole = text.ToString();
            var end = whole.LastIndexOf('\n') + 1;
            foreach (var line in whole[..end].Split(LineEnds)) reader.Take(line);
            text.Clear().Append(whole, end, whole.Length - end);
        }

        Assert.Equal(0, text.Length);
        Assert.NotNull(reader.ExitCode);
        return reader;
    }

    private void Take(string line)
    {
        if (string.IsNullOrWhiteSpace(line)) return;
        using var json = JsonDocument.Parse(line);
        var (type, data) = (json.RootElement.GetProperty("type").GetString(), json.RootElement.GetProperty("data"));
        Assert.True(json.RootElement.GetProperty("seq").GetInt64() > 0 && json.RootElement.GetProperty("ts").GetInt64() > 0);
        Assert.Null(ExitCode);
        if (type == "stdout") _stdout.Add(data.GetString()!);
        else if (type == "stderr") _stderr.Add(data.GetString()!);
        else if (type == "exit") ExitCode = data.GetInt32();
        else Assert.Fail($"An event of type {type} came.");
    }
}
